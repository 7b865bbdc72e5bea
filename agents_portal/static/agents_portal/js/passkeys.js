// Passkeys: the one thing that needs this file. A button with data-passkey asks the browser for a passkey ("get") or
// makes one ("create") with the options beside it, puts the answer into a field of its form, and sends the form.
"use strict";
(() => {
  const words = document.currentScript.dataset;
  if (!window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const descriptors = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  function read(options) {
    const read = { ...options, challenge: bytes(options.challenge) };
    if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
    if (options.allowCredentials) read.allowCredentials = descriptors(options.allowCredentials);
    if (options.excludeCredentials) read.excludeCredentials = descriptors(options.excludeCredentials);
    return read;
  }

  function write(credential) {
    const from = credential.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (from[name]) response[name] = text(from[name]);
    }
    if (from.getTransports) response.transports = from.getTransports();
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  }

  async function options(button) {
    if (button.dataset.options) return JSON.parse(button.dataset.options);
    const answer = await fetch(button.dataset.ask, { headers: { "X-Requested-With": "XMLHttpRequest" } });
    if (!answer.ok) throw new Error("busy");
    return (await answer.json()).request_options.publicKey;
  }

  function fail(button, error) {
    const form = button.form;
    let line = form.querySelector("[data-passkey-problem]");
    if (!line) {
      line = document.createElement("p");
      line.className = "error";
      line.setAttribute("role", "alert");
      line.dataset.passkeyProblem = "";
      button.before(line);
    }
    const stopped = error.name === "NotAllowedError" || error.name === "AbortError";
    line.textContent = error.name === "InvalidStateError" ? words.already : stopped ? words.stopped : words.failed;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-passkey]");
    if (!button || button.disabled) return;
    const form = button.form;
    if (button.dataset.passkey === "create" && !form.reportValidity()) return;
    button.disabled = true;
    try {
      const publicKey = read(await options(button));
      const credential =
        button.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
      form.elements[button.dataset.into].value = JSON.stringify(write(credential));
      form.submit();
    } catch (error) {
      button.disabled = false;
      fail(button, error);
    }
  });

  const show = (root) => {
    for (const button of root.querySelectorAll("button[data-passkey][hidden]")) button.hidden = false;
  };
  show(document);
  document.addEventListener("htmx:afterSettle", (event) => show(event.target));
})();
