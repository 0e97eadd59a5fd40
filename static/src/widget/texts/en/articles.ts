/** What the panel says about articles. */
export const texts = {
  mayHelp: "May this help?",
  article: "Article",
  /** The label of the fact that an agent gets: what was read before asking. */
  read: "Read before asking",
  back: "Back",
  failed: "This can’t be shown right now",
  solved: "This solved it",
  needHelp: "I still need help",
  thanks: "Thank you for telling us",
  thanksMore: "Nothing was sent, and nobody is waiting for you.",
  somethingElse: "I need something else",
  done: "Close",
};

export type Texts = typeof texts;
