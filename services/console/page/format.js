// Numbers and times as text for people. Times of the bus are nanoseconds.

const counts = new Intl.NumberFormat("en");
const rates = new Intl.NumberFormat("en", {maximumFractionDigits: 1});

export const count = (value) => counts.format(value ?? 0);
export const rate = (value) => rates.format(value);
export const seconds = (ns) => ns / 1e9;

// "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"; of lengths that are shown as they pass, whole seconds.
export function span(length) {
  const whole = Math.max(0, Math.floor(length));
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

// Of a call: "840 ms", "1.24 s", "2 min 3 s".
export function took(ns) {
  if (ns < 1e6) return "< 1 ms";
  if (ns < 1e9) return `${Math.round(ns / 1e6)} ms`;
  return ns < 60e9 ? `${(ns / 1e9).toFixed(ns < 10e9 ? 2 : 1)} s` : span(ns / 1e9);
}

// A share as a percentage; only a whole one is told as 0 or 100 %.
export function percent(share) {
  if (share <= 0) return "0 %";
  if (share >= 1) return "100 %";
  const digits = share > 0.999 ? 3 : share > 0.99 ? 2 : 1;
  const shown = Math.min(Math.max(share * 100, 0.1), 100 - 10 ** -digits);
  return `${shown.toFixed(digits)} %`;
}

const two = (value) => String(value).padStart(2, "0");

// The time of day where the reader is; the date too, unless it is today.
export function moment(ms, now = Date.now()) {
  const date = new Date(ms), today = new Date(now);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (date.toDateString() === today.toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

export const utc = (ms) => new Date(ms).toISOString();

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

// "set_aside" and "half_open" as words.
export const words = (name) => String(name ?? "").replaceAll("_", " ");
