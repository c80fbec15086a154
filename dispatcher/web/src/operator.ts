// "/operator": the control room. What needs a person stands on top; STOP ALL is always in reach.
import { ApiError, get, post, stream, useToken, type Case, type Closure, type Condition, type Found, type OpenNotice, type Point, type Ride, type RideLine, type Status, type Stop, type Story, type Town, type Vehicle } from './api';
import { Booking } from './booking';
import { Closures } from './closures';
import { fieldOf, instantOf, serviceNow, setClock, timeOf, whenOf } from './clock';
import { element, freshId, h, morph, replace } from './dom';
import { openList } from './list';
import { forgetToken, knownToken, loginForm, me } from './login';
import { openMap, type TownMap } from './map';
import { attribution, clockView, honesty, languageSwitch, legend, loadTown, noteFleet, placeText } from './shared';
import { storyLines } from './story';
import { language, t, tName } from './words';

const panel = element('panel'), mapBox = element('map'), base = '/api/v1/operator';
let map: TownMap | null = null;
let town: Town, stops: Stop[];
let vehicles: Vehicle[] = [], rides: RideLine[] = [], cases: Case[] = [], notices: OpenNotice[] = [], status: Status | null = null;
let selected: number | null = null;

const said = h('p', { class: 'said', role: 'status' }), dialogSaid = h('p', { class: 'message', role: 'alert', hidden: true });
const attention = h('ul', { class: 'attention' }), fleet = h('ul', { class: 'fleet' }), rideList = h('ul', { class: 'rides' });
const duty = h('div', { class: 'duty' }), figures = h('dl', { class: 'figures' }), dialog = h('dialog', { class: 'dialog' });
let closedLines: Point[][] = [];
const closures = new Closures({
	stops: () => stops, order, ask: reasonDialog, dialog: openDialog, closeWhen,
	draw: (lines) => { closedLines = lines; map?.closed(lines); },
});
const pauseButton = h('button', { type: 'button', onclick: () => pause() });

async function order(path: string, body: unknown, text = t('done')): Promise<boolean> {
	try {
		await post(`${base}/${path}`, body);
		said.textContent = text;
		void refresh();
		return true;
	} catch (error) {
		said.textContent = dialogSaid.textContent = error instanceof ApiError ? error.message : t('outage');
		dialogSaid.hidden = false;
		await refresh(); /* what was seen may be old: the next press sends what is seen then */
		return false;
	}
}

/** A refused order leaves its dialog open, with the reason in it. */
function closeWhen(done: Promise<boolean>): void {
	void done.then((fine) => { if (fine) dialog.close(); });
}

/* ---- login ---- */
function login(problem = ''): void {
	replace(panel, loginForm(t('control'), problem, () => void enter()));
}

async function enter(): Promise<void> {
	useToken(knownToken());
	try {
		status = await get<Status>(`${base}/status`);
	} catch (error) {
		forgetToken();
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
		h('header', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }), h('div', {}, h('h1', {}, t('control')), h('p', {}, town.name ?? '')), h('button', { type: 'button', class: 'stop-all', onclick: () => stopAll() }, t('standstillAll')), languageSwitch(), clockView()),
		honesty(town), said,
		section(t('attention'), 'block', attention),
		section(t('fleet'), 'block', fleet),
		section(t('rides'), 'block', rideList),
		section(t('closures'), 'block', closures.list, h('button', { type: 'button', onclick: () => closures.ask() }, t('closeStreet')), closures.switches),
		section(t('duty'), 'block', duty),
		h('div', { class: 'tools' }, h('button', { type: 'button', onclick: () => callerDialog() }, t('caller')), pauseButton,
			h('button', { type: 'button', class: 'quiet', onclick: () => { forgetToken(); location.reload(); } }, t('logout'))),
		h('p', {}, h('a', { href: `/planner?lang=${language}` }, t('planner'))),
		figures, dialog);
	mapBox.before(h('aside', { class: 'map-notes' }, legend(), attribution(town)));
	await refresh();
	stream(`${base}/stream`, hear, (lost) => { said.textContent = lost ? t('outage') : ''; });
	setInterval(() => void refresh(), 5000);
	map = await openMap(mapBox, town, stops);
	map?.onVehicle((number) => select(number));
	map?.closed(closedLines);
	if (!map)
		openList(mapBox, stops, () => {});
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
		const [freshStatus, freshFleet, freshRides, freshCases, freshNotices, freshClosures, freshConditions] = await Promise.all([
			get<Status>(`${base}/status`), get<{ vehicles: Vehicle[] }>(`${base}/fleet`), get<{ rides: RideLine[] }>(`${base}/rides`), get<{ cases: Case[] }>(`${base}/cases`),
			get<{ notices: OpenNotice[] }>(`${base}/notices`), get<{ closures: Closure[]; found: Found[] }>(`${base}/closures`),
			get<{ conditions: Condition[] }>(`${base}/conditions`),
		]);
		status = freshStatus;
		vehicles = freshFleet.vehicles;
		rides = freshRides.rides.sort((a, b) => Date.parse(a.planned_pickup ?? a.asked_at ?? '') - Date.parse(b.planned_pickup ?? b.asked_at ?? ''));
		cases = freshCases.cases;
		notices = freshNotices.notices;
		closures.show(freshClosures.closures, freshClosures.found, freshConditions.conditions);
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

/* ---- what needs a person: the worst on top ---- */
interface Trouble { key: string; text: string; weight: number; vehicle?: number; item?: Case; approval?: Vehicle; notice?: OpenNotice }
const weights: Record<string, number> = { emergency: 0, approval: 2, unsupervised: 2, mrc: 3, vehicle_unknown: 4, passenger_call: 4, broken_ride: 5, plan_refused: 6, notice_failed: 7, late: 8 };
const noticePatienceMs = 120_000;

function caseTrouble(item: Case): Trouble {
	const vehicle = vehicles.find((candidate) => candidate.vehicle === item.vehicle);
	const text = `${tName('case', item.kind)}${item.vehicle_name ? `: ${item.vehicle_name}` : ''}${item.kind === 'approval' && item.note ? `: ${item.note}` : ''}${item.owner ? ` (${item.owner})` : ''}`;
	return { key: `case${item.case}`, text, weight: weights[item.kind] ?? 6, item, ...(item.vehicle ? { vehicle: item.vehicle } : {}), ...(item.kind === 'approval' && vehicle?.approval_asked ? { approval: vehicle } : {}) };
}

/** Told means reached: what a rider has not seen for a while is somebody's task. */
function noticeTroubles(): Trouble[] {
	const open = new Set(rides.map((ride) => ride.ride));
	return notices.filter((notice) => notice.state !== 'failed' && open.has(notice.ride) && serviceNow() - Date.parse(notice.made_at) > noticePatienceMs)
		.map((notice) => ({ key: `notice${notice.notice}`, text: `${t('notRead')}: ${notice.text}`, weight: 7, notice }));
}

function troubles(): Trouble[] {
	const list: Trouble[] = cases.map(caseTrouble);
	if (status?.holding)
		list.push({ key: 'holding', text: status.holding, weight: 1 });
	if (status && status.supervisors.length === 0)
		list.push({ key: 'duty', text: t('nobody'), weight: 1 });
	for (const vehicle of vehicles) {
		if (!vehicle.connected && vehicle.service !== 'out')
			list.push({ key: `link${vehicle.vehicle}`, text: `${vehicle.name ?? ''}: ${t('noContact')}`, vehicle: vehicle.vehicle, weight: 4 });
		else if (vehicle.late_s > 120)
			list.push({ key: `late${vehicle.vehicle}`, text: `${vehicle.name ?? ''}: ${Math.round(vehicle.late_s / 60)} min ${t('late')}`, vehicle: vehicle.vehicle, weight: 8 });
	}
	return [...list, ...noticeTroubles()].sort((a, b) => a.weight - b.weight);
}

function troubleButtons(trouble: Trouble): (Node | null)[] {
	const { item, approval, notice } = trouble, ride = item?.ride ?? notice?.ride ?? null;
	const button = (key: string, label: string, act: () => void) => h('button', { type: 'button', 'data-key': `${trouble.key}${key}`, onclick: act }, label);
	return [
		approval ? button('y', t('approve'), () => approvalDialog(approval, true)) : null,
		approval ? button('n', t('deny'), () => approvalDialog(approval, false)) : null,
		notice ? button('t', t('toldByPhone'), () => void order(`rides/${notice.ride}/notices/${notice.notice}`, { state: 'acknowledged' })) : null,
		ride ? button('s', t('story'), () => void story(ride)) : null,
		item && !item.owner && !approval ? button('o', t('own'), () => void order(`cases/${item.case}/own`, { who: me() })) : null,
		item && !approval ? button('c', t('close'), () => closeCase(item)) : null,
	];
}

function showAttention(): void {
	const list = troubles();
	redraw(attention, list, () => list.length === 0 ? [h('li', { class: 'nothing' }, t('nothing'))] : list.map((trouble) => h('li', { class: 'trouble', 'data-key': `row${trouble.key}` },
		trouble.vehicle ? h('button', { type: 'button', class: 'plain', 'data-key': trouble.key, onclick: () => select(trouble.vehicle ?? 0) }, trouble.text) : h('span', {}, trouble.text),
		...troubleButtons(trouble))));
}

function approvalDialog(vehicle: Vehicle, granted: boolean): void {
	const request = vehicle.approval_asked;
	reasonDialog(`${vehicle.name ?? ''}: ${t(granted ? 'approve' : 'deny')}`, (reason) => order('approvals', { vehicle: vehicle.vehicle, request, granted, by: me(), reason }));
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
		Math.round(vehicle.late_s / 60), vehicle.clean_due, vehicle.plan.version, vehicle.plan.acknowledged, vehicle.plan.tasks.length, vehicle.released_until]);
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
	const planNow = () => (vehicles.find((item) => item.vehicle === vehicle.vehicle) ?? vehicle).plan;
	/* what was seen is the plan when the dialog opened; after a refusal one has been told to look again */
	const act = (name: string, label: string) => h('button', { type: 'button', 'data-key': `${name}${vehicle.vehicle}`, onclick: () => {
		let seen = planNow();
		reasonDialog(`${vehicle.name ?? ''}: ${label}`, async (reason) => {
			const done = await order(`${path}/${name}`, { by: me(), reason, seen_epoch: seen.epoch, seen_version: seen.version });
			seen = planNow();
			return done;
		});
	} }, label);
	return h('div', { class: 'details' },
		h('p', {}, vehicle.released_until ? t('released', { time: whenOf(vehicle.released_until), who: vehicle.released_by ?? '' }) : t('notReleased'), vehicle.supervisor ? ` · ${vehicle.supervisor}` : ''),
		h('p', {}, vehicle.shift_to ? t('shiftIs', { a: whenOf(vehicle.shift_from), b: whenOf(vehicle.shift_to) }) : t('noShift')),
		vehicle.clean_due ? h('p', {}, t(Date.parse(vehicle.clean_due) < serviceNow() ? 'cleanOverdue' : 'cleanBy', { time: whenOf(vehicle.clean_due) })) : null,
		vehicle.plan.acknowledged ? null : h('p', { class: 'hint' }, t('unacknowledged')),
		h('ol', { class: 'plan', 'aria-label': t('plan') }, vehicle.plan.tasks.length === 0 ? h('li', {}, t('noPlan')) : vehicle.plan.tasks.slice(0, 8).map((task) =>
			h('li', {}, h('time', {}, timeOf(task.begin ?? task.arrive)), ' ', tName('task', task.kind), task.ride ? [' ', h('button', { type: 'button', class: 'link', 'data-key': `${task.kind}${task.ride}`, onclick: () => void story(task.ride ?? '') }, task.ride.slice(0, 6))] : null)),
		vehicle.plan.tasks.length > 8 ? h('li', {}, t('more_rides', { n: vehicle.plan.tasks.length - 8 })) : null),
		h('div', { class: 'orders' },
			h('button', { type: 'button', class: 'danger', 'data-key': `stop${vehicle.vehicle}`, onclick: () => void order(`${path}/standstill`, { by: me(), reason: 'control room' }, t('stopSent')) }, t('standstill')),
			vehicle.held || vehicle.standstill ? act('resume', t('resume')) : act('hold', t('hold')),
			vehicle.service === 'out' ? h('button', { type: 'button', 'data-key': `release${vehicle.vehicle}`, onclick: () => releaseDialog(vehicle) }, t('release')) : act('out-of-service', t('outOfService')),
			vehicle.service === 'ending' || (vehicle.service === 'out' && vehicle.released_until) ? act('into-service', t('intoService')) : null,
			h('button', { type: 'button', 'data-key': `shift${vehicle.vehicle}`, onclick: () => shiftDialog(vehicle) }, t('shift'))));
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
		h('ul', {}, on.length === 0 ? h('li', { class: 'nothing' }, t('nobody')) : on.map((item) => h('li', {}, item.who, item.simulated ? ` (${t('simulatedOnly')})` : '', item.handing_to ? ` → ${item.handing_to} ` : '',
			item.handing_to === me() ? h('button', { type: 'button', onclick: () => void order('handover', { who: me(), to: item.who }) }, t('takeOver')) : null))),
		on.some((item) => item.who === me()) ? h('button', { type: 'button', onclick: () => signOffDialog() }, t('signOff'))
			: h('button', { type: 'button', class: 'primary', onclick: () => void order('sign-on', { who: me(), vehicles_max: 20, simulated: vehicles.length > 0 && vehicles.every((vehicle) => vehicle.simulated) }) }, `${t('signOn')}: ${me()}`)]);
}

function showFigures(): void {
	const f = status?.figures ?? {};
	const driven = (f['empty_m'] ?? 0) + (f['loaded_m'] ?? 0);
	const row = (label: string, value: string | number) => h('div', {}, h('dt', {}, label), h('dd', {}, String(value)));
	redraw(figures, f, () => [row(t('asked'), f['asked'] ?? 0), row(t('promisedFigure'), f['promised'] ?? 0), row(t('doneFigure'), f['done'] ?? 0), row(t('brokenFigure'), f['broken'] ?? 0),
		row(t('waitFigure'), `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format((f['mean_wait_s'] ?? 0) / 60)} min`), row(t('emptyFigure'), driven ? `${Math.round(100 * (f['empty_m'] ?? 0) / driven)} %` : '–')]);
}

function pause(): void {
	const paused = !status?.bookings_paused;
	reasonDialog(t(paused ? 'pause' : 'unpause'), (reason) => order('bookings', { paused, by: me(), reason }));
}

/** Those aboard are not left alone: a colleague takes over, or everybody knows that nobody does. */
function signOffDialog(): void {
	const others = (status?.supervisors ?? []).filter((item) => item.who !== me());
	const to = h('select', {}, others.map((item) => h('option', { value: item.who }, item.who)), h('option', { value: '' }, t('toNobody')));
	openDialog(t('signOff'), h('form', { class: 'form', onsubmit: (event: Event) => { event.preventDefault(); closeWhen(order('sign-off', { who: me(), to: to.value || null })); } },
		h('label', {}, t('handTo'), to), h('p', { class: 'hint' }, t('handHint')), h('button', { class: 'primary', type: 'submit' }, t('signOff'))));
}

function shiftDialog(vehicle: Vehicle): void {
	const from = h('input', { type: 'datetime-local', value: fieldOf(vehicle.shift_from ? Date.parse(vehicle.shift_from) : serviceNow()) });
	const until = h('input', { type: 'datetime-local', value: vehicle.shift_to ? fieldOf(Date.parse(vehicle.shift_to)) : '' }), reason = h('input', { type: 'text', required: true, maxLength: 90 });
	openDialog(`${vehicle.name ?? ''}: ${t('shift')}`, h('form', { class: 'form', onsubmit: (event: Event) => {
		event.preventDefault();
		const both = from.value && until.value;
		closeWhen(order(`vehicles/${vehicle.vehicle}/shift`, { by: me(), reason: reason.value, from: both ? instantOf(from.value) : null, to: both ? instantOf(until.value) : null }));
	} }, h('label', {}, t('shiftFrom'), from), h('label', {}, t('shiftTo'), until), h('p', { class: 'hint' }, t('shiftHint')), h('label', {}, t('reason'), reason), h('button', { class: 'primary', type: 'submit' }, t('send'))));
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

function reasonDialog(title: string, act: (reason: string) => Promise<boolean>, hint?: string): void {
	const reason = h('input', { type: 'text', required: true, maxLength: 90 });
	openDialog(title, h('form', { class: 'form', onsubmit: (event: Event) => { event.preventDefault(); closeWhen(act(reason.value.trim())); } },
		hint ? h('p', { class: 'hint' }, hint) : null, h('label', {}, t('reason'), reason), h('button', { class: 'primary', type: 'submit' }, t('send'))));
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
		const [{ ride }, told] = await Promise.all([get<{ ride: Ride; cases: Case[] }>(`${base}/rides/${number}`), get<Story>(`${base}/rides/${number}/story`)]);
		const live = ['offered', 'promised', 'at_stop'].includes(ride.state.code), contact = told.contact;
		const act = (name: string, label: string, body: unknown, kind = '') => h('button', { type: 'button', class: kind, onclick: () => void order(`rides/${number}/${name}`, body).then(() => story(number)) }, label);
		const cancel = h('button', { type: 'button', class: 'danger', onclick: () => reasonDialog(t('cancel'), (reason) => order(`rides/${number}/cancel`, { reason: `${me()}: ${reason}` })) }, t('cancel'));
		openDialog(`${t('story')} ${number.slice(0, 6)}`,
			h('p', {}, h('strong', {}, ride.state.message), ride.cause ? `: ${ride.cause.message}` : '', ride.refusal ? `: ${ride.refusal.message}` : ''),
			contact ? h('p', { class: 'contact' }, [contact.name, contact.contact, contact.note].filter(Boolean).join(' · ')) : null,
			ride.promise ? h('p', {}, t('pickupWindow', { a: timeOf(ride.promise.earliest_pickup), b: timeOf(ride.promise.latest_pickup) }), h('br'), t('arriveLatest', { time: timeOf(ride.promise.latest_arrival) }),
				ride.boarding_code ? h('span', {}, h('br'), `${t('code')} ${ride.boarding_code}`) : null,
				ride.pickup ? h('span', {}, h('br'), `${placeText(ride.pickup)} → ${ride.dropoff ? placeText(ride.dropoff) : ''}`) : null) : null,
			storyLines(told, (number) => vehicles.find((vehicle) => String(vehicle.vehicle) === number)?.name ?? `#${number}`), told.whole ? null : h('p', { class: 'hint' }, t('storyCut')),
			h('div', { class: 'actions' }, ride.state.code === 'at_stop' ? act('board', t('boardFor'), {}) : null, live && !ride.coming_used ? act('coming', t('coming'), { by: me() }) : null,
				ride.state.code === 'no_show' ? act('undo-no-show', t('undoNoShow'), { by: me() }) : null, live ? cancel : null));
	} catch (error) {
		said.textContent = error instanceof ApiError ? error.message : t('outage');
	}
}

if (knownToken())
	void enter();
else
	login();
