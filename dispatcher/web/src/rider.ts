// "/": book a ride, follow it, cancel it; shuttles move on the map all the while.
import { get, post, stream, ApiError, type Positions, type Ride, type RideAnswer } from './api';
import { Booking } from './booking';
import { setClock, timeOf, whenOf } from './clock';
import { element, h, replace } from './dom';
import { openList, type TownList } from './list';
import { openMap, type MapVehicle, type TownMap } from './map';
import { attribution, clockView, footer, honesty, languageSwitch, lateText, legend, loadTown, noteFleet, placeText } from './shared';
import { language, t } from './words';

const panel = element('panel'), mapBox = element('map');
const content = h('div', { class: 'content' });
const outage = h('p', { class: 'outage', role: 'status', hidden: true }, t('outage'));
let map: TownMap | null = null;
let list: TownList | null = null;
let booking: Booking;
let stopFollowing = () => {};

function secretOf(): string | null {
	return /^#\/ride\/([\w-]{20,64})$/.exec(location.hash)?.[1] ?? null;
}

async function start(): Promise<void> {
	document.title = 'Zubringer';
	mapBox.setAttribute('aria-label', t('townMap'));
	const { town, stops } = await loadTown();
	document.title = `Zubringer ${town.name ?? ''}`;
	const notice = town.bookings === 'open' ? null : h('p', { class: 'message' }, t(town.bookings === 'paused' ? 'paused' : 'holding'));
	replace(panel, h('header', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }),
		h('div', {}, h('h1', {}, 'Zubringer'), h('p', {}, town.name ?? '')), languageSwitch(), clockView()), honesty(town), outage, notice, content, footer(town));
	booking = new Booking({
		town, stops, path: '/api/v1/requests', caller: false,
		acceptPath: (ride) => `/api/v1/rides/${ride.secret}`,
		placed: (name, place) => map?.marker(name, place, place?.text),
		booked: (answer) => {
			receipt = answer.receipt;
			location.hash = `#/ride/${answer.ride.secret}`;
		},
	});
	addEventListener('hashchange', show);
	show();
	mapBox.before(h('aside', { class: 'map-notes' }, legend(), attribution(town)));
	followFleet();
	map = await openMap(mapBox, town, stops);
	map?.onClick((point, near) => {
		if (secretOf())
			return;
		const stop = near(stops)[0]; /* a click on a stop means the stop */
		booking.click(stop ? { lat: stop.lat, lon: stop.lon, stop: stop.stop, text: stop.name ?? t('pointOnMap') } : { ...point, text: t('pointOnMap') });
	});
	if (!map)
		list = openList(mapBox, stops, (stop) => booking.click({ lat: stop.lat, lon: stop.lon, stop: stop.stop, text: stop.name ?? '' }));
}

function followFleet(): void {
	stream('/api/v1/fleet/stream', (event, data) => {
		if (event !== 'positions')
			return;
		const positions = data as Positions;
		setClock(positions.now, positions.speed_permille);
		noteFleet(mapBox, positions.vehicles);
		const vehicles = positions.vehicles.map((vehicle): MapVehicle => ({ ...vehicle, look: !vehicle.in_service || !vehicle.connected ? 'out' : vehicle.occupied ? 'occupied' : 'free' }));
		map?.vehicles(vehicles);
		list?.vehicles(vehicles);
	}, (lost) => { outage.hidden = !lost; });
}

function show(): void {
	stopFollowing();
	const secret = secretOf();
	if (secret)
		follow(secret);
	else {
		receipt = null;
		for (const name of ['from', 'to', 'pickup', 'dropoff'])
			map?.marker(name, null);
		map?.path([]);
		replace(content, h('h2', { class: 'hidden-text' }, t('title')), booking.element);
		booking.again();
	}
}

/* ---- following a ride ---- */
let receipt: RideAnswer['receipt'] = null;

function follow(secret: string): void {
	const view = new RideView(secret);
	replace(content, view.element);
	void get<{ ride: Ride; now: string }>(`/api/v1/rides/${secret}`).then(({ ride }) => view.show(ride), (error: unknown) => view.fail(error));
	stopFollowing = stream(`/api/v1/rides/${secret}/stream`, (event, data) => {
		const { ride } = data as { ride: Ride | null };
		if (event === 'ride' && ride)
			view.show(ride);
	});
}

const open = ['promised', 'at_stop', 'aboard'];
const steps = ['promised', 'at_stop', 'aboard', 'done'];

class RideView {
	readonly element = h('section', { class: 'ride' });
	private readonly state = h('h2', { tabIndex: -1, 'aria-live': 'polite' });
	private readonly progress = h('ol', { class: 'progress', 'aria-hidden': 'true' }, steps.map(() => h('li')));
	private readonly facts = h('div', { class: 'facts' });
	private readonly actions = h('div', { class: 'actions' });
	private readonly notices = h('ul', { class: 'notices', 'aria-live': 'polite' });
	private readonly message = h('p', { class: 'message', role: 'alert', hidden: true });
	private shown = '';
	private last = '';
	private asking = false;
	private readonly acknowledged = new Set<string>();

	constructor(private readonly secret: string) {
		this.element.append(this.state, this.progress, this.message, this.facts, this.actions, this.notices);
		this.state.textContent = t('asking');
	}

	fail(error: unknown): void {
		this.say(error instanceof ApiError ? error.message : t('outage'));
		replace(this.actions, this.again());
	}
	private say(text: string): void {
		this.message.textContent = text;
		this.message.hidden = !text;
	}

	show(ride: Ride): void {
		this.draw(ride);
		const { vehicle: _vehicle, ...rest } = ride;
		const now = JSON.stringify(rest);
		if (now === this.shown) /* only the shuttle moved: leave buttons and focus alone */
			return;
		this.shown = now;
		const fresh = ride.state.code !== this.last, first = this.last === '';
		this.last = ride.state.code;
		this.state.textContent = ride.state.message.charAt(0).toUpperCase() + ride.state.message.slice(1);
		this.element.dataset['state'] = ride.state.code;
		steps.forEach((step, i) => this.progress.children[i]?.classList.toggle('reached', i <= steps.indexOf(ride.state.code) && step !== ''));
		this.progress.hidden = !steps.includes(ride.state.code);
		this.showFacts(ride);
		if (fresh || !this.asking)
			this.showActions(ride);
		this.showNotices(ride);
		if (first) /* later changes are read out, and leave the focus where it is */
			this.state.focus();
	}

	private showFacts(ride: Ride): void {
		const walk = (metres: number | null) => metres !== null && metres >= 20 ? ` · ${t('walkMetres', { m: metres, min: Math.max(1, Math.round(metres / 78)) })}` : '';
		const place = (at: Ride['pickup']) => at ? placeText(at) : '';
		const waiting = ride.state.code === 'promised' || ride.state.code === 'at_stop';
		replace(this.facts,
			ride.cause ? h('p', { class: 'message' }, ride.cause.message) : null,
			ride.refusal ? h('p', { class: 'message' }, ride.refusal.message, ride.refusal.advice ? ` ${ride.refusal.advice}` : '') : null,
			ride.fallback?.phone ? h('p', {}, t('fallback', { name: ride.fallback.name ?? '', phone: ride.fallback.phone })) : null,
			waiting && ride.boarding_code ? h('div', { class: 'code' }, h('span', {}, t('code')), h('strong', {}, ride.boarding_code)) : null,
			waiting && ride.boarding_code ? h('p', { class: 'hint' }, t('codeHint')) : null,
			ride.promise ? h('dl', {},
				waiting ? [h('dt', {}, t('pickup')), h('dd', {}, h('strong', { class: 'time' }, whenOf(ride.planned_pickup)), h('br'), t('pickupWindow', { a: timeOf(ride.promise.earliest_pickup), b: timeOf(ride.promise.latest_pickup) }), h('br'), place(ride.pickup), walk(ride.walk_from_m))] : null,
				open.includes(ride.state.code) ? [h('dt', {}, t('arrival')), h('dd', {}, h('strong', { class: 'time' }, timeOf(ride.planned_dropoff)), h('br'), t('arriveLatest', { time: timeOf(ride.promise.latest_arrival) }), h('br'), place(ride.dropoff), walk(ride.walk_to_m))] : null,
				ride.alighted_at ? [h('dt', {}, t('arrival')), h('dd', {}, timeOf(ride.alighted_at))] : null,
				ride.connection && open.includes(ride.state.code) ? [h('dt', {}, t('connection')), h('dd', {}, `${timeOf(ride.connection.planned)}${ride.connection.cancelled ? ` ${t('cancelled')}` : lateText(ride.connection.late_s)} ${ride.connection.line ?? ''} ${ride.connection.headsign ?? ''}`)] : null,
				ride.vehicle ? [h('dt', {}, t('shuttle')), h('dd', {}, ride.vehicle.name ?? '', ride.vehicle.connected ? null : ` (${t('noContact')})`)] : null) : null,
			open.includes(ride.state.code) ? h('p', { class: 'hint' }, h('a', { href: `/plain/ride/${this.secret}?lang=${language}` }, t('plainRide'))) : null,
			receipt && ride.promise ? h('details', { class: 'receipt' }, h('summary', {}, t('receipt')), h('p', {}, t('record', { n: receipt.record }), h('br'), h('code', {}, receipt.hash)), h('p', {}, t('link'))) : null);
	}

	private button(label: string, kind: string, act: () => void): HTMLButtonElement {
		return h('button', { type: 'button', class: kind, onclick: act }, label);
	}
	private again(): HTMLElement {
		return this.button(t('newRide'), 'primary', () => { location.hash = ''; });
	}
	private showActions(ride: Ride): void {
		this.asking = false;
		const waiting = ride.state.code === 'promised' || ride.state.code === 'at_stop';
		replace(this.actions,
			ride.state.code === 'at_stop' ? this.button(t('board'), 'primary', () => void this.send('board', { code: ride.boarding_code })) : null,
			waiting && !ride.coming_used ? this.button(t('coming'), '', () => void this.send('coming', {})) : null,
			waiting && ride.coming_used ? h('p', { class: 'hint' }, t('comingDone')) : null,
			waiting ? this.button(t('cancel'), 'quiet', () => this.sure(ride)) : null,
			!open.includes(ride.state.code) ? this.again() : null);
	}
	/** A second, separate press: cancelling by accident loses the place. */
	private sure(ride: Ride): void {
		this.asking = true;
		const yes = this.button(t('cancel'), 'danger', () => { this.asking = false; void this.send('cancel', { reason: '' }); });
		replace(this.actions, h('p', {}, t('cancelSure')), yes, this.button(t('keep'), '', () => this.showActions(ride)));
		yes.focus();
	}
	private async send(what: string, body: unknown): Promise<void> {
		this.say('');
		try {
			const answer = await post<RideAnswer>(`/api/v1/rides/${this.secret}/${what}`, body);
			this.show(answer.ride);
		} catch (error) {
			this.say(error instanceof ApiError ? error.message : t('outage'));
		}
	}

	private showNotices(ride: Ride): void {
		replace(this.notices, ride.notices.slice().reverse().map((notice) => h('li', {}, h('time', {}, timeOf(notice.made_at)), ' ', notice.text, notice.about && notice.kind === 'time_changed' ? ` (${t('nowAt', { time: timeOf(notice.about) })})` : '')));
		for (const notice of ride.notices) { /* it is on the screen: that is what "told" means */
			if (notice.state !== 'sent' || this.acknowledged.has(notice.notice) || document.hidden)
				continue;
			this.acknowledged.add(notice.notice);
			void post(`/api/v1/rides/${this.secret}/notices/${notice.notice}`, { state: 'acknowledged' }).catch(() => this.acknowledged.delete(notice.notice));
		}
	}

	private drawn = '';
	private draw(ride: Ride): void {
		if (!map)
			return;
		const live = open.includes(ride.state.code) || ride.state.code === 'offered';
		const key = `${this.secret}${live}`;
		if (this.drawn === key)
			return;
		this.drawn = key;
		map.marker('from', live ? ride.from : null, t('from'));
		map.marker('to', live ? ride.to : null, t('to'));
		map.marker('pickup', live ? ride.pickup : null, t('pickup'));
		map.marker('dropoff', live ? ride.dropoff : null, t('arrival'));
		if (live)
			map.show([ride.from, ride.to, ...(ride.pickup ? [ride.pickup] : []), ...(ride.vehicle ? [ride.vehicle] : [])]);
	}
}

start().catch((error: unknown) => {
	replace(panel, h('h1', {}, 'Zubringer'), h('p', { class: 'message', role: 'alert' }, error instanceof ApiError ? error.message : t('outage')));
	setTimeout(() => location.reload(), 5000);
});
