/** What is known already, for whoever asks for it: canned replies and articles. It comes in a file of its own. */
export { Articles } from "./articles.tsx";
export { Canned } from "./canned.tsx";
