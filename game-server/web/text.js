// Names and lines as people write them: what stays of a text and where it is cut, character by character as they see it.
// The server does the same in domain/text.rs; tests/golden/text.json holds both to it.

const NAME = { clusters: 16, bytes: 64 };
const LINE = { clusters: 200, bytes: 800 };
const MARKS_MAX = 3;

const BLANK = /[\p{White_Space}\p{Cc}\u115F\u1160\u2800\u3164\uFFA0]/u;
const INVISIBLE = new RegExp("[\\u00AD\\u034F\\u061C\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F"
  + "\\uE000-\\uF8FF\\uFE00-\\uFE0F\\uFEFF\\uFFF0-\\uFFFC\\u{13430}-\\u{1343F}\\u{1BCA0}-\\u{1BCA3}\\u{1D159}"
  + "\\u{1D173}-\\u{1D17A}\\u{E0000}-\\u{E0FFF}\\u{F0000}-\\u{10FFFF}\\p{Cs}\\p{Noncharacter_Code_Point}]", "u");
const MARK = /\p{M}/u;
const EMOJI = /(?!\p{ASCII})\p{Emoji}/u;
/** Scripts from Arabic to Sinhala, in which joiners choose the shape of letters. */
const SHAPED = /[\u0620-\u0DFF]/u;
const JOINERS_AT_END = /[ \u200C\u200D]+$/u;
const BLACK_FLAG = "\u{1F3F4}";
/** What follows the black flag in those of England, Scotland and Wales; tags anywhere else are hidden text. */
const FLAG_TAGS = ["gbeng", "gbsct", "gbwls"]
  .map((letters) => [...letters].map((letter) => String.fromCodePoint(0xE0000 + letter.codePointAt(0))).concat("\u{E007F}"));

const utf8 = new TextEncoder();
/** The oldest browsers that play have none; there a cut may break a cluster, and the server cuts again. */
const segmenter = Intl.Segmenter ? new Intl.Segmenter("en", { granularity: "grapheme" }) : null;

/** Whether something invisible changes how its neighbours are drawn. */
function joins(last, character, next) {
  if (last === null) return false;
  const withinWord = SHAPED.test(last) && SHAPED.test(next) && !MARK.test(next);
  switch (character) {
    case "\u200D": return withinWord || ((last === "\uFE0F" || EMOJI.test(last)) && EMOJI.test(next));
    case "\u200C": return withinWord;
    case "\uFE0F": return EMOJI.test(last) || (next === "\u20E3" && /[0-9#*]/u.test(last));
    case "\uFE0E": return EMOJI.test(last);
    default: return false;
  }
}

function visible(text) {
  const characters = Array.from(text);
  let out = "";
  let last = null;
  let marks = 0;
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index];
    if (BLANK.test(character)) {
      last = null;
      marks = 0;
      continue;
    }
    const isHidden = INVISIBLE.test(character);
    const isMark = !isHidden && MARK.test(character);
    const isKept = isHidden ? joins(last, character, characters[index + 1] ?? " ") : !isMark || (last !== null && marks < MARKS_MAX);
    if (!isKept) continue;
    if (last === null && out !== "") out += " ";
    out += character;
    last = character;
    if (!isHidden) marks = isMark ? marks + 1 : 0;
    const tags = character === BLACK_FLAG && FLAG_TAGS.find((tags) => tags.every((tag, at) => characters[index + 1 + at] === tag));
    if (tags) {
      out += tags.join("");
      index += tags.length;
    }
  }
  return out;
}

/** One row, composed, single blanks, no marks in piles, nothing invisible but what joins the letters or emoji around it. */
function clean(text) {
  return visible(text.normalize("NFC")).normalize("NFC");
}

/** As much of a text as fits, in whole clusters. */
function cut(text, limits) {
  const clusters = segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : Array.from(text);
  let out = "";
  let bytes = 0;
  for (const cluster of clusters.slice(0, limits.clusters)) {
    bytes += utf8.encode(cluster).length;
    if (bytes > limits.bytes) break;
    out += cluster;
  }
  return out.replace(JOINERS_AT_END, "");
}

export const cleanName = (text) => cut(clean(text), NAME);
export const cleanLine = (text) => cut(clean(text), LINE);
