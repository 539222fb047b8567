(async () => {
  const returned = new URLSearchParams(location.search);
  // The code stays neither in the address bar nor in the history.
  history.replaceState(null, "", location.pathname);
  const body = {};
  for (const name of ["code", "state", "error", "iss"]) {
    if (returned.get(name)) body[name] = returned.get(name);
  }
  try {
    await ask("POST", location.pathname, body);
    location.replace("/api/auth/sign-in");
  } catch (problem) {
    say(problem.message, true);
  }
})();
