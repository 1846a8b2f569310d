// Passkeys need the browser's help: this adds one, or signs in with one. The
// page's buttons for it stay hidden where there is none.
//
// What is sent and answered is JSON; see passkey.go.

const able = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON &&
  PublicKeyCredential.parseRequestOptionsFromJSON;

// ask posts a step and returns the answer; a refusal is thrown with its sentence.
async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
  const reply = await answer.json();
  if (reply.go) {
    location.assign(reply.go);
    return new Promise(() => {}); // the page is on its way out
  }
  if (!answer.ok) throw new Error(reply.error);
  return reply;
}

async function add(box) {
  const { path, form } = box.dataset;
  const begun = await ask(path, { step: "begin", form });
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(begun.options.publicKey ?? begun.options);
  const made = await navigator.credentials.create({ publicKey: options });
  const name = box.querySelector("input").value;
  await ask(path, { step: "finish", form, ticket: begun.ticket, name, response: made.toJSON() });
}

// show is for signing in, and for proving who one is.
async function show(box) {
  const { path, form, next } = box.dataset;
  const begun = await ask(path, { step: "begin", form });
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(begun.options.publicKey ?? begun.options);
  const shown = await navigator.credentials.get({ publicKey: options });
  await ask(path, { step: "finish", form, ticket: begun.ticket, next, response: shown.toJSON() });
}

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!able) break;
  box.hidden = false;
  const button = box.querySelector("button");
  const said = box.querySelector("[role=alert]");
  button.addEventListener("click", async () => {
    said.hidden = true;
    button.disabled = true;
    try {
      await (box.dataset.passkey === "add" ? add(box) : show(box));
    } catch (fault) {
      said.textContent = fault.name === "NotAllowedError" ? "That was cancelled, or took too long." : fault.message;
      said.hidden = false;
    }
    button.disabled = false;
  });
}
