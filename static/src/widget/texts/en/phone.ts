/** What the panel says about callbacks and calls, and what the button on the page becomes. */
import { iso, num, plural } from "../../language.ts";

/** "2nd", as one says it of a place. */
function ordinal(place: number): string {
  const tail = place % 100;
  const ending = tail > 10 && tail < 14 ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${num(place)}${ending}`;
}

export const texts = {
  // the button on the page
  yoursQuestion: "Is this call yours?",
  wrote: (agent: string) => `${iso(agent)} wrote`,
  newMessages: (count: number) => plural(count, { one: "1 new message", other: `${num(count)} new messages` }),
  callsNow: (agent: string) => `${iso(agent)} calls you now`,
  onThePhone: (agent: string) => `On the phone with ${iso(agent)}`,
  isHere: (agent: string) => `${iso(agent)} is here`,
  call: (site: string) => `Call ${iso(site)}`,
  codeHere: "your code is here",
  messageLeft: "Message left",
  inLine: "In line",
  inLinePlace: (place: number | string) => `In line, place ${num(place)}`,

  // what happens on the telephone
  missed: {
    no_answer: (number: string) => `We called ${iso(number)} and nobody answered.`,
    busy: (number: string) => `We called ${iso(number)} and it was busy.`,
    voicemail: (number: string) => `We called ${iso(number)} and reached a voicemail.`,
    failed: (number: string) => `We called ${iso(number)} and could not get through.`,
  },
  lineTrouble: (agent: string) => `The line did not open. ${iso(agent)} tries again; you can write here.`,
  readyToCall: (agent: string, number: string) => `${iso(agent)} is ready and calls you now at ${iso(number)}.`,
  callOver: "The call has ended. You can go on writing here.",
  callLost: (agent: string) => `The call ended before ${iso(agent)} could take it. You can go on writing here.`,
  onHold: (agent: string) => `${iso(agent)} has put the call on hold.`,
  talkingWith: (agent: string) => `You are talking with ${iso(agent)} on the phone.`,
  rings: (agent: string) => `Your phone rings now: it is ${iso(agent)}.`,
  connecting: (agent: string) => `One moment: you and ${iso(agent)} are being connected.`,
  takesCall: (agent: string) => `${iso(agent)} has your details on screen and takes your call now.`,
  arrivedFrom: (number: string) => `A call from ${iso(number)} just arrived.`,
  arrivedHidden: "A call that hides its number just arrived.",
  talked: (from: string, to: string) => `You talked on the phone from ${from} to ${to}.`,
  refused: {
    invalid: "That is no complete phone number. Write it with the country code, like +44 7700 900001.",
    premium: "We don’t call premium-rate numbers. Give us another number.",
    emergency: "We don’t call emergency numbers. Give us another number.",
    country: "We can’t call numbers of that country. Give us another number, or choose another way.",
    suppressed: "This number asked not to be called. Give us another number, or choose another way.",
    other: "We can’t call this number. Give us another number, or choose another way.",
  },

  // whose call it is
  isItYou: "Is it you?",
  usedCode: "It used your code",
  tellsHowSure: "Your answer tells the agent how sure to be.",
  itsMe: "It’s me",
  notMe: "Not me",
  ifNotYou: "If it isn’t you, that call goes on without your details, and you get a new code.",

  // days and times
  placeTime: (city: string, _generic: string) => `${city} time`,
  aboutTime: (day: string, time: string) => `${day} at about ${time}`,
  inWindow: (day: string, span: string) => `${day}, ${span}`,
  dayRange: (from: string, to: string) => `${from} to ${to}`,

  // a call that is booked
  weCall: "We call you",
  weCallAt: (when: string) => `We call you ${when}`,
  weWillCall: (when: string) => `We’ll call you ${when}`,
  weTryAgain: (when: string) => `We try again ${when}`,
  aboutOn: (intent: string, number: string, zone: string) => `${iso(intent)}, on ${iso(number)}${zone && `, ${zone}`}.`,
  callMeNow: "Call me now",
  whenFree: "as soon as an agent is free",
  cancelSure: "Cancel this call?",
  keepIt: "Keep it",
  cancelIt: "Cancel it",
  changeTime: "Change time",
  cancelCall: "Cancel call",
  whatHappens: "What happens",
  readsFirst: "The agent reads your details before ringing, so you won’t be asked again.",
  triesMore: (more: number) => `If you miss it we try ${more === 1 ? "once" : more === 2 ? "twice" : `${num(more)} times`} more.`,
  mayClose: "You can close this page.",
  askElse: "Ask about something else",

  // booking one
  when: "When",
  in15: "In 15 minutes",
  inHour: "In an hour",
  onTurn: "When it is your turn",
  chosenTime: "At a time I choose",
  waitAndPlace: (wait: string, place: number | null) => `${wait}.${place === null ? "" : ` You keep your place: ${ordinal(place)}.`}`,
  onNumber: "On this number",
  countryCode: "With the country code, like +44 7700 900001.",
  fromProfile: "From your profile. If you change it, the agent may ask you to confirm who you are.",
  newNumber: "The agent will see that this number is new and may ask you to confirm who you are.",
  noTime: "There is no time to book.",
  pickTime: "Pick a time first.",
  noCalls: "Calls can’t be made from here.",
  numberFirst: "Write the number first.",
  callOnTurn: "Call me when it is my turn",
  callInHour: "Call me in an hour",
  callIn: (minutes: number) => `Call me in ${num(minutes)} minutes`,
  bookThis: "Book this time",
  book: (span: string, day: string, isNear: boolean) => `Book ${span} ${isNear ? day : `on ${day}`}`,
  move: (span: string, day: string, isNear: boolean) => `Move it to ${span} ${isNear ? day : `on ${day}`}`,
  back: "Back",
  anotherTime: "Another time",
  consent: (site: string) => `By booking you let ${iso(site)} call you about this one matter, and nothing else.`,
  day: "Day",
  time: "Time",
  looking: "Looking for free times",
  notRead: "The free times could not be read. Nothing is lost.",
  noneFree: "No time is free in the next seven days.",
  windows: (zone: string, minutes: number) => `${zone}, ${num(minutes)}-minute windows.`,

  // on the way to a call
  stayOnPhone: "Stay on the phone: the next free agent takes your call, with your details on screen.",
  weCallNumber: (number: string) => `We call ${iso(number)}. The call comes even if you close this page.`,
  changeTheTime: "Change the time",
  changeTheTimeWhy: "in 15 minutes, in an hour, or when it suits you",
  detailsOnScreen: "Your details are on screen.",
  noNeed: "I don’t need it any more",
  anotherWay: "Go on another way",
  byPhone: "Go on by phone",
  useAnother: "Use another way",
  writeInstead: "Write instead",
  callbackInstead: "Have us call you instead",
  phoneInstead: "Call us instead",
  askedFirst: (agent: string) => `${iso(agent)} is asked first; this conversation goes along`,
  keepsPlace: (wait: string) => `keeps your place${wait && `, ${wait}`}`,

  // the number to call
  code: (spelled: string) => `Code ${spelled}`,
  keyIn: "and when asked, key in",
  timeLeft: (minutes: number, seconds: number) => `${num(minutes)} min ${num(seconds)} s left`,
  leftOnce: (time: string) => `${time} left, works once`,
  left: (time: string) => `${time} left`,
  dialled: "Your code is dialled for you, after a short pause.",
  codeRanOut: "This code ran out",
  codeWhy: "Codes work for ten minutes. Get a new one; your place is kept.",
  gettingCode: "Getting your code",
  seesWho: "With the code, the agent sees who you are and what you did here before saying hello.",
  seesWhat: "With the code, the agent sees what you did here before saying hello.",
  placeCounts: (place: number | null) => `${place === null ? "Your" : `You are ${ordinal(place)}, and your`} place counts from when you pressed help.`,
  giveUpSure: "Give up your place?",
  giveUp: "Give it up",
  newCode: "New code",
  callNow: "Call now",
  chooseWhen: "Choose when we call",
  showNumber: "Show me the number",
  codeToKeyIn: "You get a code to key in: with it the agent sees what you did here.",
};

export type Texts = typeof texts;
