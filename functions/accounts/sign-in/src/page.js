
let csrfToken = "";

function show(session) {
  csrfToken = session ? session.csrf_token : "";
  byId("role").textContent = session ? session.account.role : "";
  byId("inside").hidden = !session;
  byId("outside").hidden = Boolean(session);
}

onSubmit("form", async () => {
  const session = await ask("POST", "/api/auth/sign-in", { username: byId("username").value, password: byId("password").value });
  byId("password").value = "";
  show(session);
});

onClick("out", async () => {
  await ask("POST", "/api/auth/sign-out", {}, csrfToken);
  show(null);
});

onClick("everywhere", async () => {
  await ask("POST", "/api/auth/sign-out-everywhere", {}, csrfToken);
  show(null);
});

onClick("forgot", async () => {
  await ask("POST", "/api/auth/password/forgot", { email: byId("username").value });
  say("Look into your mailbox: what to do next stands in a mail.");
});

onClick("single", async () => {
  const answer = await ask("POST", "/api/auth/oidc/start", {});
  location.assign(answer.authorization_url);
});

ask("GET", "/api/auth/session").then(show, (problem) => {
  show(null);
  if (problem.status !== 401) say(problem.message, true);
});
