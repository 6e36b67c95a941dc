// The users of bench.peers.k6: each holds some of the connections.
import exec from 'k6/execution';
import { Counter, Gauge, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

const users = Number(__ENV.USERS);
const connections = Number(__ENV.CONNECTIONS);
const openingMs = Number(__ENV.OPENING_MS);
const connectMs = Number(__ENV.CONNECT_MS);
const measureMs = Number(__ENV.MEASURE_MS);
const thinkMs = Number(__ENV.THINK_MS);
const payload = __ENV.PAYLOAD;
const replyType = __ENV.REPLY_TYPE;
const url = __ENV.URL;

const replyTime = new Trend('reply_time', true);
const opened = new Counter('opened');
const failures = new Counter('failures');
const beganAt = new Gauge('began_at');

export const options = {
  scenarios: {
    users: {
      executor: 'per-vu-iterations',
      vus: users,
      iterations: 1,
      maxDuration: `${Math.ceil((connectMs + measureMs + thinkMs) / 1000) + 30}s`,
      gracefulStop: '1s',
    },
  },
  summaryTrendStats: ['count', 'med', 'p(99)'],
};

export default function () {
  const begin = exec.scenario.startTime + connectMs;
  const end = begin + measureMs;
  for (let place = exec.vu.idInTest - 1; place < connections; place += users) {
    setTimeout(() => connect(begin, end), (place / connections) * openingMs);
  }
  if (exec.vu.idInTest === 1) {
    beganAt.add(begin);
  }
}

function connect(begin, end) {
  const socket = new WebSocket(url);
  let sentAt = 0;
  let open = false;
  const ask = () => {
    sentAt = Date.now();
    socket.send(payload);
  };
  socket.onopen = () => {
    open = true;
    if (Date.now() < begin) {
      opened.add(1);
    }
    setTimeout(() => {
      open = false;
      socket.close();
    }, end - Date.now());
    ask();
  };
  socket.onmessage = (event) => {
    const now = Date.now();
    if (JSON.parse(event.data).type !== replyType) {
      failures.add(1);
    } else if (now >= begin && now < end) {
      replyTime.add(now - sentAt);
    }
    if (!open) {
      return;
    }
    if (thinkMs > 0) {
      setTimeout(() => open && ask(), thinkMs);
    } else {
      ask();
    }
  };
  socket.onerror = () => failures.add(1);
}

export function handleSummary(data) {
  return { [`${__ENV.FOLDER}/summary.json`]: JSON.stringify(data) };
}
