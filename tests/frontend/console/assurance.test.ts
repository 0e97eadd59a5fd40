import { expect, test } from "vitest";
import { VERDICT_WORDS, assuranceWords, methodWords } from "../../../static/src/console/assurance.ts";
import { MAYA, NOW } from "./cast.ts";

const how = (amr: string[], acr: string | null = null) => methodWords({ acr, amr, auth_time: null });

test("methods are named as people name them", () => {
  expect(how(["pwd", "otp", "mfa"])).toBe("password + code");
  expect(how(["mfa"])).toBe("two methods");
  expect(how(["pwd", "pwd"])).toBe("password");
  expect(how(["bankid"])).toBe("bankid");
  expect(how([], "urn:bank:2")).toBe("level urn:bank:2");
  expect(how([])).toBeNull();
});

test("the age is counted from the reader's clock", () => {
  expect(assuranceWords(MAYA, NOW)).toBe("password + code, 3 min ago");
  expect(assuranceWords(MAYA, NOW + 3_600_000)).toBe("password + code, 1 h ago");
});

test("what was not told is not claimed", () => {
  expect(assuranceWords({ ...MAYA, assurance: { acr: null, amr: [], auth_time: null } }, NOW)).toBe("how is not told");
  expect(assuranceWords({ ...MAYA, assurance: null }, NOW)).toBe("how is not told");
  expect(assuranceWords({ ...MAYA, verified: false }, NOW)).toBe("nobody signed who this is");
});

test("verdicts are decisions, not levels", () => {
  expect(VERDICT_WORDS).toEqual({ enough: "enough", ask_again: "ask to confirm", not_here: "not here" });
});
