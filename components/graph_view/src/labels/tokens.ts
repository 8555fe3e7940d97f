// Cuts a text into what the atlas draws at once: letters where letters stand for themselves,
// whole runs where they join or change their order (Arabic, Hebrew, Indic scripts), and emoji.
// Pure functions: no canvas.

export const Source = { sdf: 0, tinted: 1, colored: 2 } as const;
export type Source = (typeof Source)[keyof typeof Source];

export interface Token {
  text: string;
  source: Source;
}

const MAX_RUN_GRAPHEMES = 40;
const PLAIN = /^[\x20-\x7e]*$/;
// Control characters and those that change the direction of what follows: never drawn.
const UNSEEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff]/gu;
const SIMPLE =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Georgian}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Common}\p{Script=Inherited}]+$/u;
const EMOJI =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|\p{Regional_Indicator}|\u20e3/u;

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function cleaned(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSEEN, " ");
}

export function graphemes(text: string): string[] {
  return PLAIN.test(text) ? [...text] : Array.from(segmenter.segment(text), (each) => each.segment);
}

export function tokens(text: string): Token[] {
  if (PLAIN.test(text)) return Array.from(text, (letter) => ({ text: letter, source: Source.sdf }));
  const found: Token[] = [];
  let run: string[] = [];
  const close = () => {
    // Spaces after a run belong to what follows.
    let spaces = 0;
    while (run.length && run[run.length - 1] === " ") {
      run.pop();
      spaces++;
    }
    if (run.length) found.push({ text: run.join(""), source: Source.tinted });
    for (; spaces > 0; spaces--) found.push({ text: " ", source: Source.sdf });
    run = [];
  };
  for (const letter of graphemes(cleaned(text))) {
    const source = sourceOf(letter);
    if (source === Source.tinted || (run.length && letter === " ")) {
      run.push(letter);
      if (run.length >= MAX_RUN_GRAPHEMES) close();
      continue;
    }
    close();
    found.push({ text: letter, source });
  }
  close();
  return found;
}

function sourceOf(letter: string): Source {
  if (EMOJI.test(letter)) return Source.colored;
  return SIMPLE.test(letter) ? Source.sdf : Source.tinted;
}
