/** A clock in a worker: browsers slow the timers of hidden pages, and a slowed heartbeat would cost the agent the lease. */
const TICK_MS = 1_000;
setInterval(() => postMessage(0), TICK_MS);
