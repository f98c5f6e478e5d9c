// Signing in with a token, and out again.

import {ask, whenSignedOut} from "./api.js";
import {byId, setHidden, setText} from "./dom.js";
import {state} from "./store.js";

// `/#token=...`: posted, and taken out of the address before anybody sees it.
function takeToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return "";
  history.replaceState(null, "", location.pathname + location.search);
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

function showLogin(shown, why = "") {
  setHidden(byId("login"), !shown);
  setText(byId("login-error"), why);
  for (const id of ["page", "nav", "find", "who", "sign-out"]) setHidden(byId(id), shown);
  if (shown) byId("token").focus();
}

// begin() is called with each session, end() when it is over.
export function startSession(begin, end) {
  const signedIn = (session) => {
    state.session = session;
    byId("token").value = "";
    setText(byId("who"), session.name === session.role ? session.name : `${session.name}, ${session.role}`);
    showLogin(false);
    begin();
  };
  const signedOut = (why) => {
    const before = state.session;
    state.session = null;
    end();
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    showLogin(true, why ?? (before ? "The session has ended." : ""));
  };
  const tell = (error) => {
    if (error.status === 429) return `Too many wrong tokens; try again in ${error.retryAfter || 60} s.`;
    return error.status === 401 ? "This token is not known." : `${error.message}.`;
  };

  async function signIn(token) {
    setText(byId("login-error"), "");
    try {
      signedIn(await ask("POST", "api/v1/session", {token}));
    } catch (error) {
      showLogin(true, tell(error));
    }
  }

  whenSignedOut(() => state.session && signedOut());
  byId("login").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(byId("token").value.trim());
  });
  byId("sign-out").addEventListener("click", async () => {
    try {
      await ask("DELETE", "api/v1/session");
      signedOut("");
    } catch (error) {
      if (error.status !== 401) signedOut(`Signed out here only: ${error.message}.`);
    }
  });

  const token = takeToken();
  if (token) return signIn(token);
  return ask("GET", "api/v1/session").then(signedIn, (error) => showLogin(true, error.status === 401 ? "" : tell(error)));
}
