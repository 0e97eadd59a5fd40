/** What calls for a look, and how to be called. */

export const texts = {
  soundOff: "Play a sound when something comes",
  recovered: "Connected again. Nothing was lost.",
  soundOn: "Sound is on",
};

export type Texts = typeof texts;
