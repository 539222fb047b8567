
const token = takeToken();

onClick("confirm", async () => {
  await ask("POST", "/api/auth/confirm", { token });
  byId("ready").hidden = true;
  byId("done").hidden = false;
});
