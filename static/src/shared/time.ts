/** Times as a reader says them, in the reader's own zone. */

export function clock(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}

export function sameDay(a: string | number, b: string | number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** "14:02" today, "Tue 14:02" within a week, else with the date. */
export function moment(at: string, now = Date.now()): string {
  if (sameDay(at, now)) return clock(at);
  const near = Math.abs(now - Date.parse(at)) < 6 * 86_400_000;
  const day: Intl.DateTimeFormatOptions = near ? { weekday: "short" } : { day: "numeric", month: "short" };
  return `${new Date(at).toLocaleDateString(undefined, day)} ${clock(at)}`;
}

/** "0:32", "2:14", "1:02:09": how long something has been going on. */
export function elapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "just now", "3 min ago", "2 h ago", "5 days ago". */
export function ago(at: string | number, now = Date.now()): string {
  const minutes = Math.floor((now - new Date(at).getTime()) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "yesterday" : `${days} days ago`;
}
