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

// Labelling: what is selected in an article goes into the form, in UTF-16 units from the article's beginning.
const select = document.querySelector("form.select");
if (select) {
  const text = document.querySelector(".text");
  select.hidden = false;
  document.addEventListener("selectionchange", () => {
    const chosen = document.getSelection();
    const range = chosen.rangeCount ? chosen.getRangeAt(0) : null;
    const inside = range && !range.collapsed && text.contains(range.startContainer) && text.contains(range.endContainer);
    select.querySelector("button").disabled = !inside;
    if (!inside) return;
    const before = document.createRange();
    before.setStart(text, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const start = before.toString().length;
    select.elements.start_utf16.value = start;
    select.elements.end_utf16.value = start + range.toString().length;
    select.elements.text.value = range.toString();
  });
}
