/** How the desk's parts ask for what is known already, and hand it on. */

/** Alt+K opens the articles from anywhere, Alt+Y the canned replies. */
export const KNOWLEDGE = "handoff:open-knowledge";
export const CANNED = "handoff:open-canned";
/** Words from elsewhere on the desk that belong into what is written. */
export const INSERT = "handoff:insert-words";
export const insertWords = (words: string): void => { document.dispatchEvent(new CustomEvent(INSERT, { detail: words })); };
