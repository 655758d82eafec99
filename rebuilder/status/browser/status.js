// The status page: reads events and shows them. No library, no build, nothing from elsewhere.
import { byId, clock } from './elements.js';
import { showState } from './show-state.js';
import { RequestList } from './show-requests.js';

const requests = new RequestList();
let startedMs = 0;
let lastMs = 0;

const events = new EventSource('/events');
const on = (event, handle) => events.addEventListener(event, ({ data }) => handle(JSON.parse(data)));

on('page', ({ showsValues }) => {
  byId('values').hidden = !showsValues;
  byId('values-key').hidden = !showsValues;
});
on('requests', (list) => requests.add(list));
on('state', (state) => {
  byId('lost').hidden = true;
  lastMs = state.nowMs;
  if (startedMs !== 0 && startedMs !== state.startedMs) requests.clear();
  startedMs = state.startedMs;
  requests.keeps(state.keepsRequests);
  showState(state);
});
events.addEventListener('error', () => {
  const banner = byId('lost');
  banner.textContent = lastMs === 0 ? 'The rebuilder does not answer; trying again.' : `The rebuilder does not answer; what is shown is of ${clock(lastMs)}. Trying again.`;
  banner.hidden = false;
});

document.addEventListener('keydown', (event) => {
  const isWriting = event.target instanceof HTMLInputElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    if (!requests.close() && isWriting) event.target.blur();
  } else if (isWriting) {
    return;
  } else if (event.key === '/') {
    event.preventDefault();
    byId('filter').focus();
  } else if (event.key === 'p') {
    requests.pause();
  } else if (event.key === 'v') {
    requests.values();
  }
});
