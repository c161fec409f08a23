// Passkeys: hands the page's options to the browser, puts its answer into the form, and sends the form. Without WebAuthn nothing of it shows.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const told = (credential, names) => {
  const response = {};
  for (const name of names) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: {},
    response,
  });
};

const send = (form, answer) => {
  form.elements.credential.value = answer;
  form.submit();
};

if (window.PublicKeyCredential) {
  const enter = document.querySelector("[data-passkey-sign-in]");
  if (enter) signIn(enter);
  const make = document.querySelector("[data-passkey-new]");
  if (make) makeNew(make);
}

function signIn(form) {
  const options = JSON.parse(form.dataset.passkeySignIn);
  const asked = { ...options, challenge: bytes(options.challenge) };
  const names = ["clientDataJSON", "authenticatorData", "signature", "userHandle"];
  let waiting = new AbortController();

  // The browser offers passkeys in the address field, beside addresses that it knows.
  const offer = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    try {
      const answer = await navigator.credentials.get({
        mediation: "conditional",
        publicKey: asked,
        signal: waiting.signal,
      });
      send(form, told(answer, names));
    } catch (error) {
      if (error.name !== "NotAllowedError" && error.name !== "AbortError") throw error;
    }
  };
  form.hidden = false;
  form.querySelector("[data-passkey-go]").addEventListener("click", async () => {
    waiting.abort(); // only one question at a time
    try {
      send(form, told(await navigator.credentials.get({ publicKey: asked }), names));
    } catch (error) {
      if (error.name !== "NotAllowedError" && error.name !== "AbortError") throw error;
      offer(); // called off: the address field offers passkeys as before
    }
  });

  offer();
}

function makeNew(form) {
  const options = JSON.parse(form.dataset.passkeyNew);
  const known = (options.excludeCredentials ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
  const asked = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known,
  };
  const show = (name, is) => {
    document.querySelector(`[data-passkey-${name}]`).hidden = !is;
  };

  form.hidden = false;
  show("unable", false);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    show("failed", false);
    show("known", false);
    try {
      const made = await navigator.credentials.create({ publicKey: asked });
      send(form, told(made, ["clientDataJSON", "attestationObject"]));
    } catch (error) {
      show(error.name === "InvalidStateError" ? "known" : "failed", true);
    }
  });
}
