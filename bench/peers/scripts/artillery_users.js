// The functions of bench.peers.artillery. Each worker thread has this module for itself.
const fs = require('node:fs');
const path = require('node:path');
const { threadId } = require('node:worker_threads');

const window = { begin: 0, end: 0 };

module.exports = { opened, again, ended };

// A connection is open: does it count?
function opened(context, events, done) {
  const { vars } = context;
  const now = Date.now();
  if (window.begin === 0) {
    window.begin = now + vars.connectMs;
    window.end = window.begin + vars.measureMs;
    fs.writeFileSync(path.join(vars.benchFolder, `began-${threadId}`), String(window.begin));
  }
  vars.roundTrips = 0;
  events.emit('counter', now < window.begin ? 'bench.opened' : 'bench.opened_late', 1);
  done();
}

// After each round: was it one that counts, and is there another?
function again(context, done) {
  const now = Date.now();
  if (now >= window.begin && now < window.end) {
    context.vars.roundTrips += 1;
  }
  done(now < window.end);
}

function ended(context, events, done) {
  events.emit('counter', 'bench.round_trips', context.vars.roundTrips);
  done();
}
