"use strict";
// Copy buttons stand in the page, hidden, for those who read without scripts.

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea"); // plain http has no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}

for (const button of document.querySelectorAll("button.copy")) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let said = "Copied";
    try {
      await copy(button.dataset.copy);
    } catch {
      said = "The browser refused to copy";
    }
    button.textContent = said;
    const status = document.getElementById("status");
    if (status) status.textContent = said;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// Form fields that are empty need not stand in the address.
const form = document.querySelector("form.ask");
if (form) {
  form.addEventListener("submit", () => {
    for (const field of form.querySelectorAll("input")) field.disabled = !field.value;
    form.querySelector("button").textContent = "Asking …";
  });
  // The page may come back as it was left: enable the fields again.
  window.addEventListener("pageshow", () => {
    for (const field of form.querySelectorAll("input")) field.disabled = false;
    form.querySelector("button").textContent = "Ask";
  });
}
