/** What may help before anybody is asked: offered under the choice, read in the panel. A file of its own; without it the start is as it was. */
export { start } from "./articles/shelf.ts";
export { Offered } from "./articles/offered.tsx";
export { Reader, isReading } from "./articles/reader.tsx";
