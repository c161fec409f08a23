// A password can be looked at while it is typed; and the code for a forgotten one goes to the address that stands above.

for (const button of document.querySelectorAll("[data-show-password]")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
    input.focus();
  });
  input.form.addEventListener("submit", () => {
    input.type = "password";
  });
}

for (const copy of document.querySelectorAll("[data-same-as]")) {
  const source = document.getElementById(copy.dataset.sameAs);
  copy.form.addEventListener("submit", () => {
    copy.value = source.value;
  });
}
