"use strict";

const byId = (id) => document.getElementById(id);

function say(text, isProblem = false) {
  const message = byId("message");
  message.textContent = text;
  message.dataset.problem = isProblem ? "yes" : "no";
}

// Asks this service, and throws what its problem document says.
async function ask(method, path, body, csrfToken) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (csrfToken) headers["x-csrf-token"] = csrfToken;
  const request = { method, headers, body: body && JSON.stringify(body), credentials: "same-origin", cache: "no-store", redirect: "error" };
  const response = await fetch(path, request).catch(() => {
    throw new Error("The service cannot be reached. Try again.");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const fields = (answer.errors || []).map((error) => `${error.field}: ${error.message}`).join("; ");
  const problem = new Error(fields || answer.detail || "That did not work. Try again.");
  problem.status = response.status;
  throw problem;
}

// Runs an act with its button held down, so that a double click is one click.
async function press(button, act) {
  button.disabled = true;
  say("");
  try {
    await act();
  } catch (problem) {
    say(problem.message, true);
  } finally {
    button.disabled = false;
  }
}

function onClick(id, act) {
  byId(id).addEventListener("click", () => press(byId(id), act));
}

function onSubmit(id, act) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    press(event.submitter || byId(id).querySelector("button"), act);
  });
}

// A link's token stands in the fragment, which no server sees; it does not stay in the history either.
function takeToken() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return token;
}
