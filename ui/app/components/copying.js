// Copies text with one click.

const COPIED_MS = 1500;

// Pages that are not served from this machine have no clipboard of their own; they copy what is selected.
const copyText = async (button, text) => {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  button.after(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  button.focus();
};

// Copies with one click what a function gives.
const offerCopy = (button, label, given) => {
  button.textContent = label;
  button.onclick = async () => {
    await copyText(button, given());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, COPIED_MS);
  };
};

const offerText = (button, text) => {
  button.hidden = !text;
  offerCopy(button, "Copy the text", () => text);
};

