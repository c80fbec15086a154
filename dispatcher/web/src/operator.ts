// "/operator": the control room. What needs a person stands on top; STOP ALL is always in reach.
import { ApiError, get, post, stream, useToken, type Case, type Ride, type RideLine, type Status, type Stop, type Town, type Vehicle } from './api';
import { Booking } from './booking';
import { fieldOf, instantOf, serviceNow, setClock, timeOf, whenOf } from './clock';
import { element, freshId, h, morph, replace } from './dom';
import { openMap, type TownMap } from './map';
import { attribution, clockView, honesty, legend, loadTown, noteFleet } from './shared';
import { t, tName } from './words';

const panel = element('panel'), mapBox = element('map'), base = '/api/v1/operator';
let map: TownMap | null = null;
let town: Town, stops: Stop[];
let vehicles: Vehicle[] = [], rides: RideLine[] = [], cases: Case[] = [], status: Status | null = null;
let selected: number | null = null;

const said = h('p', { class: 'said', role: 'status' }), dialogSaid = h('p', { class: 'message', role: 'alert', hidden: true });
const attention = h('ul', { class: 'attention' }), fleet = h('ul', { class: 'fleet' }), rideList = h('ul', { class: 'rides' });
const duty = h('div', { class: 'duty' }), figures = h('dl', { class: 'figures' }), dialog = h('dialog', { class: 'dialog' });
const pauseButton = h('button', { type: 'button', onclick: () => void pause() });

const me = () => sessionStorage.getItem('who') ?? '';

async function order(path: string, body: unknown, text = t('done')): Promise<boolean> {
	try {
		await post(`${base}/${path}`, body);
		said.textContent = text;
		void refresh();
		return true;
	} catch (error) {
		said.textContent = dialogSaid.textContent = error instanceof ApiError ? error.message : t('outage');
		dialogSaid.hidden = false;
		void refresh(); /* what was seen may be old: the next press sends what is seen then */
		return false;
	}
}

/** A refused order leaves its dialog open, with the reason in it. */
function closeWhen(done: Promise<boolean>): void {
	void done.then((fine) => { if (fine) dialog.close(); });
}

/* ---- login ---- */
function login(problem = ''): void {
	const token = h('input', { type: 'password', autocomplete: 'off', required: true }), who = h('input', { type: 'text', required: true, maxLength: 31, value: me(), autocomplete: 'off' });
	replace(panel, h('header', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }), h('div', {}, h('h1', {}, t('control')), h('p', {}, 'Zubringer'))),
		h('form', { class: 'form login', onsubmit: (event: Event) => {
			event.preventDefault();
			sessionStorage.setItem('token', token.value.trim());
			sessionStorage.setItem('who', who.value.trim());
			void enter();
		} },
		problem ? h('p', { class: 'message', role: 'alert' }, problem) : null,
		h('label', {}, t('token'), token), h('p', { class: 'hint' }, t('tokenHint')), h('label', {}, t('yourName'), who), h('button', { class: 'primary', type: 'submit' }, t('login'))));
	token.focus();
}

async function enter(): Promise<void> {
	useToken(sessionStorage.getItem('token') ?? '');
	try {
		status = await get<Status>(`${base}/status`);
	} catch (error) {
		sessionStorage.removeItem('token');
		login(error instanceof ApiError ? error.message : t('outage'));
		return;
	}
	({ town, stops } = await loadTown());
	await room();
}

/* ---- the room ---- */
async function room(): Promise<void> {
	mapBox.setAttribute('aria-label', t('townMap'));
	document.title = `${t('control')} ${town.name ?? ''}`;
	const section = (title: string, kind: string, ...children: (Node | null)[]) => {
		const id = freshId('section');
		return h('section', { class: kind, 'aria-labelledby': id }, h('h2', { id }, title), children);
	};
	replace(panel,
		h('header', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }), h('div', {}, h('h1', {}, t('control')), h('p', {}, town.name ?? '')), clockView(),
			h('button', { type: 'button', class: 'stop-all', onclick: () => stopAll() }, t('standstillAll'))),
		honesty(town), said,
		section(t('attention'), 'block', attention),
		section(t('fleet'), 'block', fleet),
		section(t('rides'), 'block', rideList),
		section(t('duty'), 'block', duty),
		h('div', { class: 'tools' }, h('button', { type: 'button', onclick: () => callerDialog() }, t('caller')), pauseButton,
			h('button', { type: 'button', class: 'quiet', onclick: () => { sessionStorage.removeItem('token'); location.reload(); } }, t('logout'))),
		figures, dialog);
	mapBox.before(h('aside', { class: 'map-notes' }, legend(), attribution(town)));
	await refresh();
	stream(`${base}/stream`, hear, (lost) => { said.textContent = lost ? t('outage') : ''; });
	setInterval(() => void refresh(), 5000);
	map = await openMap(mapBox, town, stops);
	map?.onVehicle((number) => select(number));
	showFleet();
}

function hear(event: string, data: unknown): void {
	if (event === 'fleet') {
		const fresh = data as { now: string; vehicles: Vehicle[] };
		setClock(fresh.now);
		vehicles = fresh.vehicles;
		showFleet();
		showAttention();
	} else
		refreshSoon();
}

let soon = 0;
function refreshSoon(): void {
	if (!soon)
		soon = window.setTimeout(() => { soon = 0; void refresh(); }, 400);
}

async function refresh(): Promise<void> {
	try {
		const [freshStatus, freshFleet, freshRides, freshCases] = await Promise.all([
			get<Status>(`${base}/status`), get<{ vehicles: Vehicle[] }>(`${base}/fleet`), get<{ rides: RideLine[] }>(`${base}/rides`), get<{ cases: Case[] }>(`${base}/cases`),
		]);
		status = freshStatus;
		vehicles = freshFleet.vehicles;
		rides = freshRides.rides.sort((a, b) => Date.parse(a.planned_pickup ?? a.asked_at ?? '') - Date.parse(b.planned_pickup ?? b.asked_at ?? ''));
		cases = freshCases.cases;
		setClock(status.now, status.speed_permille);
		showFleet();
		showAttention();
		showRides();
		showDuty();
		showFigures();
	} catch (error) {
		if (error instanceof ApiError && error.status === 401)
			login(error.message);
	}
}

/* A list is redrawn only when it changed, and in place: listeners look up what is true when they are used. */
const drawn = new Map<Element, string>();
function redraw(list: Element, key: unknown, children: () => (Node | string | null)[]): void {
	const text = JSON.stringify(key);
	if (drawn.get(list) === text)
		return;
	drawn.set(list, text);
	morph(list, children());
}

/* ---- what needs a person ---- */
function troubles(): { key: string; text: string; vehicle?: number; item?: Case }[] {
	const list: { key: string; text: string; vehicle?: number; item?: Case }[] = [];
	if (status?.holding)
		list.push({ key: 'holding', text: status.holding });
	if (status && status.supervisors.length === 0)
		list.push({ key: 'duty', text: t('nobody') });
	for (const item of cases)
		list.push({ key: `case${item.case}`, text: `${tName('case', item.kind)}${item.vehicle_name ? `: ${item.vehicle_name}` : ''}${item.owner ? ` (${item.owner})` : ''}`, item, ...(item.vehicle ? { vehicle: item.vehicle } : {}) });
	for (const vehicle of vehicles) {
		if (!vehicle.connected && vehicle.service !== 'out')
			list.push({ key: `link${vehicle.vehicle}`, text: `${vehicle.name ?? ''}: ${t('noContact')}`, vehicle: vehicle.vehicle });
		else if (vehicle.late_s > 120)
			list.push({ key: `late${vehicle.vehicle}`, text: `${vehicle.name ?? ''}: ${Math.round(vehicle.late_s / 60)} min ${t('late')}`, vehicle: vehicle.vehicle });
	}
	return list;
}

function showAttention(): void {
	const list = troubles();
	redraw(attention, list, () => list.length === 0 ? [h('li', { class: 'nothing' }, t('nothing'))] : list.map((trouble) => h('li', { class: 'trouble', 'data-key': `row${trouble.key}` },
		trouble.vehicle ? h('button', { type: 'button', class: 'plain', 'data-key': trouble.key, onclick: () => select(trouble.vehicle ?? 0) }, trouble.text) : h('span', {}, trouble.text),
		trouble.item?.ride ? h('button', { type: 'button', 'data-key': `${trouble.key}s`, onclick: () => void story(trouble.item?.ride ?? '') }, t('story')) : null,
		trouble.item?.ride && !trouble.item.owner ? h('button', { type: 'button', 'data-key': `${trouble.key}o`, onclick: () => void order(`cases/${trouble.item?.case}/own`, { who: me() }) }, t('own')) : null,
		trouble.item?.ride ? h('button', { type: 'button', 'data-key': `${trouble.key}c`, onclick: () => trouble.item && closeCase(trouble.item) }, t('close')) : null)));
}

/* ---- fleet ---- */
function look(vehicle: Vehicle): 'free' | 'occupied' | 'out' | 'trouble' {
	if (vehicle.standstill || vehicle.service === 'down' || vehicle.service === 'lost' || vehicle.mode === 'mrc' || vehicle.mode === 'fault')
		return 'trouble';
	if (vehicle.service === 'out' || !vehicle.connected)
		return 'out';
	return vehicle.aboard.length > 0 ? 'occupied' : 'free';
}

function showFleet(): void {
	noteFleet(mapBox, vehicles);
	map?.vehicles(vehicles.map((vehicle) => ({ vehicle: vehicle.vehicle, name: vehicle.name, lat: vehicle.lat, lon: vehicle.lon, heading: vehicle.heading, look: look(vehicle) })));
	const chosen = vehicles.find((vehicle) => vehicle.vehicle === selected);
	map?.path(chosen ? [chosen, ...chosen.plan.tasks] : []);
	const key = vehicles.map((vehicle) => [vehicle.vehicle, vehicle.service, vehicle.mode, vehicle.connected, vehicle.held, vehicle.standstill, vehicle.aboard.length, Math.round(vehicle.battery_permille / 10),
		Math.round(vehicle.late_s / 60), vehicle.plan.version, vehicle.plan.acknowledged, vehicle.plan.tasks.length, vehicle.released_until]);
	redraw(fleet, [key, selected], () => vehicles.map((vehicle) => vehicleRow(vehicle)));
}

function vehicleRow(vehicle: Vehicle): HTMLElement {
	const isOpen = vehicle.vehicle === selected;
	const state = vehicle.service === 'in' || vehicle.service === 'ending' ? tName('mode', vehicle.mode) : tName('service', vehicle.service);
	return h('li', { class: `vehicle ${look(vehicle)}`, 'data-vehicle': vehicle.vehicle, 'data-key': `vehicle${vehicle.vehicle}` },
		h('button', { type: 'button', class: 'plain row', 'aria-expanded': String(isOpen), 'data-key': `v${vehicle.vehicle}`, onclick: () => select(selected === vehicle.vehicle ? null : vehicle.vehicle) },
			h('span', { class: `swatch ${look(vehicle)}`, 'aria-hidden': 'true' }), h('strong', {}, vehicle.name ?? `#${vehicle.vehicle}`), h('span', { class: 'state' }, state),
			h('span', {}, `${vehicle.aboard.length} ${t('aboard')}`), h('span', { class: 'battery', 'aria-label': t('battery') }, `${Math.round(vehicle.battery_permille / 10)} %`)),
		isOpen ? vehicleDetails(vehicle) : null);
}

function vehicleDetails(vehicle: Vehicle): HTMLElement {
	const path = `vehicles/${vehicle.vehicle}`;
	const act = (name: string, label: string) => h('button', { type: 'button', 'data-key': `${name}${vehicle.vehicle}`, onclick: () => reasonDialog(`${vehicle.name ?? ''}: ${label}`, (reason) => {
		const seen = (vehicles.find((item) => item.vehicle === vehicle.vehicle) ?? vehicle).plan;
		return order(`${path}/${name}`, { by: me(), reason, seen_epoch: seen.epoch, seen_version: seen.version });
	}) }, label);
	return h('div', { class: 'details' },
		h('p', {}, vehicle.released_until ? t('released', { time: whenOf(vehicle.released_until), who: vehicle.released_by ?? '' }) : t('notReleased'), vehicle.supervisor ? ` · ${vehicle.supervisor}` : ''),
		vehicle.plan.acknowledged ? null : h('p', { class: 'hint' }, t('unacknowledged')),
		h('ol', { class: 'plan', 'aria-label': t('plan') }, vehicle.plan.tasks.length === 0 ? h('li', {}, t('noPlan')) : vehicle.plan.tasks.slice(0, 8).map((task) =>
			h('li', {}, h('time', {}, timeOf(task.begin ?? task.arrive)), ' ', tName('task', task.kind), task.ride ? [' ', h('button', { type: 'button', class: 'link', 'data-key': `${task.kind}${task.ride}`, onclick: () => void story(task.ride ?? '') }, task.ride.slice(0, 6))] : null)),
		vehicle.plan.tasks.length > 8 ? h('li', {}, t('more_rides', { n: vehicle.plan.tasks.length - 8 })) : null),
		h('div', { class: 'orders' },
			h('button', { type: 'button', class: 'danger', 'data-key': `stop${vehicle.vehicle}`, onclick: () => void order(`${path}/standstill`, { by: me(), reason: 'control room' }, t('stopSent')) }, t('standstill')),
			vehicle.held || vehicle.standstill ? act('resume', t('resume')) : act('hold', t('hold')),
			vehicle.service === 'out' ? h('button', { type: 'button', 'data-key': `release${vehicle.vehicle}`, onclick: () => releaseDialog(vehicle) }, t('release')) : act('out-of-service', t('outOfService')),
			vehicle.service === 'ending' ? act('into-service', t('intoService')) : null));
}

function select(number: number | null): void {
	selected = number;
	drawn.delete(fleet);
	showFleet();
	const vehicle = vehicles.find((item) => item.vehicle === number);
	if (vehicle) {
		map?.map.easeTo({ center: [vehicle.lon, vehicle.lat] });
		fleet.querySelector(`[data-vehicle="${number}"]`)?.scrollIntoView({ block: 'nearest' });
	}
}

/* ---- rides, duty, figures ---- */
function showRides(): void {
	redraw(rideList, rides, () => [...rides.slice(0, 60).map((ride) => h('li', { class: `ride-line ${ride.state}`, 'data-key': `row${ride.ride}` },
		h('button', { type: 'button', class: 'plain row', 'data-key': ride.ride, onclick: () => void story(ride.ride) },
			h('time', {}, timeOf(ride.planned_pickup ?? ride.asked_at)), h('span', { class: 'state' }, tName('state', ride.state)), h('span', {}, ride.vehicle_name ?? ''),
			h('span', { class: 'needs' }, Object.entries(ride.needs).map(([need, count]) => `${count}× ${town.needs.find((item) => item.need === need)?.label ?? need}`).join(', '))))),
	rides.length > 60 ? h('li', {}, t('more_rides', { n: rides.length - 60 })) : null, rides.length === 0 ? h('li', { class: 'nothing' }, t('nothing')) : null]);
}

function showDuty(): void {
	const on = status?.supervisors ?? [];
	pauseButton.textContent = t(status?.bookings_paused ? 'unpause' : 'pause');
	redraw(duty, [on, me()], () => [
		h('ul', {}, on.length === 0 ? h('li', { class: 'nothing' }, t('nobody')) : on.map((item) => h('li', {}, item.who, item.simulated ? ` (${t('simulatedOnly')})` : '',
			item.handing_to === me() ? h('button', { type: 'button', onclick: () => void order('handover', { who: me() }) }, t('own')) : null))),
		on.some((item) => item.who === me()) ? h('button', { type: 'button', onclick: () => void order('sign-off', { who: me() }) }, t('signOff'))
			: h('button', { type: 'button', class: 'primary', onclick: () => void order('sign-on', { who: me(), vehicles_max: 20, simulated: vehicles.length > 0 && vehicles.every((vehicle) => vehicle.simulated) }) }, `${t('signOn')}: ${me()}`)]);
}

function showFigures(): void {
	const f = status?.figures ?? {};
	const driven = (f['empty_m'] ?? 0) + (f['loaded_m'] ?? 0);
	const row = (label: string, value: string | number) => h('div', {}, h('dt', {}, label), h('dd', {}, String(value)));
	redraw(figures, f, () => [row(t('asked'), f['asked'] ?? 0), row(t('promisedFigure'), f['promised'] ?? 0), row(t('doneFigure'), f['done'] ?? 0), row(t('brokenFigure'), f['broken'] ?? 0),
		row(t('waitFigure'), `${Math.round((f['mean_wait_s'] ?? 0) / 6) / 10} min`), row(t('emptyFigure'), driven ? `${Math.round(100 * (f['empty_m'] ?? 0) / driven)} %` : '–')]);
}

async function pause(): Promise<void> {
	const paused = !status?.bookings_paused;
	await order('bookings', { paused, by: me(), reason: 'control room' });
}

/* ---- dialogs ---- */
function openDialog(title: string, ...children: (Node | string | null)[]): void {
	const id = freshId('dialog');
	dialog.setAttribute('aria-labelledby', id);
	dialogSaid.hidden = true;
	replace(dialog, h('form', { method: 'dialog', class: 'close' }, h('button', { 'aria-label': t('back') }, '×')), h('h2', { id }, title), dialogSaid, children);
	if (!dialog.open)
		dialog.showModal();
}

function reasonDialog(title: string, act: (reason: string) => Promise<boolean>): void {
	const reason = h('input', { type: 'text', required: true, maxLength: 90 });
	openDialog(title, h('form', { class: 'form', onsubmit: (event: Event) => { event.preventDefault(); closeWhen(act(reason.value.trim())); } },
		h('label', {}, t('reason'), reason), h('button', { class: 'primary', type: 'submit' }, t('send'))));
	reason.focus();
}

function stopAll(): void {
	const yes = h('button', { type: 'button', class: 'danger', onclick: () => { void order('standstill', { by: me(), reason: 'control room' }, t('stopSent')); dialog.close(); } }, t('standstillAll'));
	openDialog(t('standstillSure'), h('div', { class: 'actions' }, yes));
	yes.focus();
}

function releaseDialog(vehicle: Vehicle): void {
	const until = h('input', { type: 'datetime-local', required: true, value: fieldOf(serviceNow() + 12 * 3600_000) }), approval = h('input', { type: 'text', required: true, maxLength: 90 });
	openDialog(`${vehicle.name ?? ''}: ${t('release')}`, h('form', { class: 'form', onsubmit: (event: Event) => {
		event.preventDefault();
		closeWhen(order(`vehicles/${vehicle.vehicle}/release`, { by: me(), approval: approval.value, until: instantOf(until.value) }));
	} }, h('label', {}, t('until'), until), h('label', {}, t('approval'), approval), h('button', { class: 'primary', type: 'submit' }, t('release'))));
}

function closeCase(item: Case): void {
	const outcome = h('select', {}, (['home_by_shuttle', 'home_by_fallback', 'home_otherwise', 'rider_declined'] as const).map((value) => h('option', { value }, t(value)))), note = h('input', { type: 'text', maxLength: 90 });
	openDialog(tName('case', item.kind), h('form', { class: 'form', onsubmit: (event: Event) => {
		event.preventDefault();
		closeWhen(order(`cases/${item.case}/close`, { who: me(), outcome: outcome.value, note: note.value }));
	} }, h('label', {}, t('outcome'), outcome), h('label', {}, t('reason'), note), h('button', { class: 'primary', type: 'submit' }, t('close'))));
}

function callerDialog(): void {
	const booking = new Booking({
		town, stops, path: `${base}/requests`, caller: true, acceptPath: (ride) => `${base}/rides/${ride.ride ?? ''}`, placed: (name, place) => map?.marker(name, place, place?.text),
		booked: (answer) => { void refresh(); void story(answer.ride.ride ?? ''); },
	});
	openDialog(t('caller'), booking.element);
}

async function story(number: string): Promise<void> {
	try {
		const { ride, cases: rideCases } = await get<{ ride: Ride; cases: Case[]; promised_at: string | null }>(`${base}/rides/${number}`);
		const live = ['offered', 'promised', 'at_stop'].includes(ride.state.code);
		const act = (name: string, label: string, body: unknown, kind = '') => h('button', { type: 'button', class: kind, onclick: () => void order(`rides/${number}/${name}`, body).then(() => story(number)) }, label);
		const line = (at: string | null, text: string) => at ? h('li', {}, h('time', {}, whenOf(at)), ' ', text) : null;
		openDialog(`${t('story')} ${number.slice(0, 6)}`,
			h('p', {}, h('strong', {}, ride.state.message), ride.cause ? `: ${ride.cause.message}` : '', ride.refusal ? `: ${ride.refusal.message}` : ''),
			ride.promise ? h('p', {}, t('pickupWindow', { a: timeOf(ride.promise.earliest_pickup), b: timeOf(ride.promise.latest_pickup) }), h('br'), t('arriveLatest', { time: timeOf(ride.promise.latest_arrival) }), ride.boarding_code ? [h('br'), `${t('code')} ${ride.boarding_code}`] as unknown as Node : null) : null,
			h('ul', { class: 'story' }, line(ride.asked_at, t('asked')), line(ride.at_stop_at, tName('state', 'at_stop')), line(ride.boarded_at, tName('state', 'aboard')), line(ride.alighted_at, tName('state', 'done')),
				ride.notices.map((notice) => line(notice.made_at, `${notice.text} (${tName('told', notice.state)})`)), rideCases.map((item) => line(item.opened_at, `${tName('case', item.kind)}${item.owner ? ` · ${item.owner}` : ''}${item.open ? '' : ` · ${tName('', item.outcome)}`}`))),
			h('div', { class: 'actions' }, ride.state.code === 'at_stop' ? act('board', t('boardFor'), {}) : null, live && !ride.coming_used ? act('coming', t('coming'), { by: me() }) : null,
				ride.state.code === 'no_show' ? act('undo-no-show', t('undoNoShow'), { by: me() }) : null, live ? act('cancel', t('cancel'), { reason: `control room: ${me()}` }, 'danger') : null));
	} catch (error) {
		said.textContent = error instanceof ApiError ? error.message : t('outage');
	}
}

if (sessionStorage.getItem('token'))
	void enter();
else
	login();
