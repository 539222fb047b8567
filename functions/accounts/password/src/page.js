
const token = takeToken();

onSubmit("form", async () => {
  await ask("POST", "/api/auth/password/reset", { token, password: byId("password").value });
  byId("form").hidden = true;
  byId("done").hidden = false;
});
