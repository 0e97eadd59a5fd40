/** The words that a site put in place of ours, in the panel's language; the server has chosen and checked them. */
import { texts } from "@texts/core";
import { iso } from "./language.ts";
import { parseJson } from "../shared/storage.ts";

interface OwnTexts {
  greeting?: string;
  launcher?: string;
}

const own = (): OwnTexts => parseJson(globalThis.document?.documentElement.dataset.texts ?? "") ?? {};

let label: string | undefined;

/** One page may have words of its own for the button. */
export function nameLauncher(given: string | undefined): void {
  label = given;
}

/** What the button on the page says while nothing is open. */
export const getHelp = (): string => label || (own().launcher ?? texts.getHelp);

/** A greeting that asks for a name is kept for people whose name is known. */
export function greeting(name: string | null | undefined): string {
  const first = firstName(name);
  const { greeting: given } = own();
  if (given && (first || !given.includes("{name}"))) return given.replaceAll("{name}", () => iso(first));
  return first ? texts.helloName(first) : texts.hello;
}

export const firstName = (name: string | null | undefined) => name?.trim().split(/\s+/)[0];
