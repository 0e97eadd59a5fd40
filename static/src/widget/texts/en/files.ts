/** What the panel says of files. */
import { iso, num } from "../../language.ts";

export const texts = {
  attach: "Attach a file",
  files: "Files to send",
  dropHere: "Drop files here to send them",
  waiting: "Waiting",
  sending: (part: string) => `Sending, ${part}`,
  sendingName: (name: string) => `Sending ${iso(name)}`,
  checking: "Checking",
  ready: "Ready to send",
  still: "Ready to send, as a still picture",
  follows: "Follows when it is there",
  cancel: "Cancel",
  cancelName: (name: string) => `Cancel ${iso(name)}`,
  remove: "Remove",
  removeName: (name: string) => `Remove ${iso(name)}`,
  againName: (name: string) => `Try again: ${iso(name)}`,
  readyName: (name: string) => `${iso(name)} is ready to send`,
  failedName: (name: string, why: string) => `${iso(name)} was not sent. ${why}`,
  save: "Save",
  notNow: "It can’t be opened just now. Try again.",
  failed: {
    attachment_too_large: "It is larger than 20 MB. A photo of it may do.",
    attachment_too_many_pixels: "The picture has too many pixels. A smaller one will do.",
    attachment_not_allowed: "Files of this kind can’t be sent. Pictures, PDF and plain text can.",
    attachment_empty: "The file is empty.",
    attachment_unreadable: "The file is damaged and can’t be opened.",
    attachment_unsafe: "Our check found something harmful in it.",
    attachment_not_scanned: "It could not be checked just now. Try again.",
    attachments_full: "No more files fit into this conversation.",
    too_many: `At most ${num(10)} files at a time.`,
    unreachable: "The connection was lost. It goes on when you’re back.",
    handoff_closed: "The conversation has ended.",
    rate_limited: "Too many at once. Try again in a minute.",
    other: "That did not work, through nothing you did. Try again.",
  },
};

export type Texts = typeof texts;
