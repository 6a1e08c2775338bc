// Finds words in texts as people type them: without capitals, accents and punctuation. Characters are counted as
// Python counts them, by code points.

const folded = (letter) => {
  const bare = letter.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  if (/[’'ʼ]/u.test(letter)) return "";
  return bare.replace(/[^\p{L}\p{N}]+/gu, " ");
};

// A text to be found in: its letters, and those of which the folded text is made.
const findable = (text) => {
  const letters = Array.from(text);
  let plain = "";
  const places = [];
  letters.forEach((letter, place) => {
    for (const sign of folded(letter)) {
      if (sign === " " && (plain.endsWith(" ") || !plain)) continue;
      plain += sign;
      for (let unit = 0; unit < sign.length; unit += 1) places.push(place);
    }
  });
  return { letters, plain, places };
};

// Where it has these words: [first character, the one after the last].
const placesOf = (text, words) => {
  const wanted = findable(words).plain.trim();
  const found = [];
  if (!wanted) return found;
  for (let at = text.plain.indexOf(wanted); at >= 0; at = text.plain.indexOf(wanted, at + wanted.length)) {
    found.push([text.places[at], text.places[at + wanted.length - 1] + 1]);
  }
  return found;
};

