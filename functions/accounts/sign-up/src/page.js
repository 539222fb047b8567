
const token = takeToken();

onSubmit("form", async () => {
  await ask("POST", "/api/auth/confirm", { token, password: byId("password").value });
  byId("form").hidden = true;
  byId("done").hidden = false;
});
