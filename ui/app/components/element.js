// An element with a class and, where given, text: only ever set as text, never as HTML.

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

