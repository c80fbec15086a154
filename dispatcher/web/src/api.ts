// The API of openapi.yaml: typed calls, kind errors, event streams that come back by themselves.

export interface Point { lat: number; lon: number }
export interface Words { code: string; message: string }
export interface Need { need: string; label: string; person: boolean; step_free: boolean }
export interface Town {
	name: string | null; hash: string; generated: string | null; attribution: string | null; phone: string | null;
	fallback_name: string | null; fallback_phone: string | null; privacy: string | null; imprint: string | null;
	box: { south_west: Point; north_east: Point }; centre: Point; area: Point[][]; needs: Need[];
	rules: { pickup_window_s: number; walk_max_m: number; prebook_max_s: number; wait_max_s: number; fare_cents: number; door_to_door: boolean; service_from: string; service_to: string };
	feeds: { name: string | null; publisher: string | null; invented: boolean }[]; live_invented: boolean;
	clock: { now: string; speed_permille: number; time_zone: string | null };
	bookings: 'open' | 'paused' | 'holding';
}
export interface Found extends Point { text: string; kind: 'house' | 'street' | 'stop' | 'place' }
export interface Stop extends Point { stop: number; name: string | null; street: string | null; side: Words | null; step_free: 'unknown' | 'yes' | 'no'; departures: boolean }
export interface Departure {
	line: string | null; headsign: string | null; platform: string | null; color: string; route_type: number; planned: string; live: string | null; late_s: number;
	cancelled: boolean; invented: boolean; connection: Record<string, string | number>;
}
export interface RidePlace extends Point { stop: number | null; name: string | null; street: string | null; side: Words | null }
export interface Offer {
	offer: number; vehicle: string | null; pickup: RidePlace; dropoff: RidePlace; walk_from_m: number; walk_to_m: number; walk_from_s: number; walk_to_s: number;
	earliest_pickup: string; latest_pickup: string; planned_pickup: string; planned_dropoff: string; latest_arrival: string;
	direct_s: number; distance_m: number; price_cents: number; reason: Words; vehicles_tried: number; vehicles_feasible: number;
}
export interface Notice { notice: string; kind: string; text: string; state: string; made_at: string; about: string | null }
export interface Refusal extends Words {
	obstacle: Words | null; advice: string | null; would_work_at: string | null; would_work_on_foot: { walk_m: number; from: RidePlace | null; to: RidePlace | null } | null;
}
export interface Ride {
	secret: string; page: string; ride?: string; state: Words; refusal: Refusal | null; cause: Words | null;
	from: Point; to: Point; needs: Record<string, number>; prebooked: boolean; offers: Offer[];
	promise: { earliest_pickup: string; latest_pickup: string; latest_arrival: string } | null;
	asked_at: string | null; offers_until: string | null; planned_pickup: string | null; planned_dropoff: string | null;
	at_stop_at: string | null; boarded_at: string | null; alighted_at: string | null; closed_at: string | null;
	pickup: RidePlace | null; dropoff: RidePlace | null; walk_from_m: number | null; walk_to_m: number | null; price_cents: number | null;
	boarding_code: string | null; coming_used: boolean;
	vehicle: (Point & { vehicle: number; name: string | null; heading: number | null; at: string; connected: boolean }) | null;
	connection: Departure | null; owner: string | null; fallback: { name: string | null; phone: string | null } | null; notices: Notice[];
}
export interface JourneyPlace extends Point { name: string | null; stop: number | null }
export interface JourneyRide { line: string | null; headsign: string | null; platform: string | null; color: string; route_type: number; invented: boolean; planned_departs: string; planned_arrives: string }
export interface JourneyLeg { mode: 'walk' | 'shuttle' | 'ride'; from: JourneyPlace; to: JourneyPlace; departs: string; arrives: string; distance_m: number | null; ride: JourneyRide | null; request: Record<string, unknown> | null }
export interface Journey { departs: string; arrives: string; changes: number; shuttles: number; legs: JourneyLeg[] }
export interface RideAnswer { ride: Ride; receipt: { record: number; hash: string } | null; repeated: boolean; error?: ApiErrorBody }
export interface Position extends Point { vehicle: number; name: string | null; heading: number | null; at: string; occupied: boolean; in_service: boolean; connected: boolean }
export interface Positions { now: string; speed_permille: number; vehicles: Position[] }
export interface Task extends Point { kind: string; ride: string | null; arrive: string | null; begin: string | null; latest: string | null }
export interface Vehicle extends Point {
	vehicle: number; name: string | null; class: string | null; heading: number | null; at: string; service: string; connected: boolean; mode: string;
	held: boolean; standstill: boolean; doors_open: boolean; battery_permille: number; speed_mm_s: number; late_s: number; last_contact: string | null;
	released_until: string | null; shift_from: string | null; shift_to: string | null; cleaned_at: string | null; clean_due: string | null; approval_asked: string | null; released_by: string | null; approval: string | null; supervisor: string | null; simulated: boolean; step_free: boolean;
	spaces: Record<string, number>; aboard: string[]; plan: { epoch: number; version: number; acknowledged: boolean; tasks: Task[] }; empty_m: number; loaded_m: number;
}
export interface RideLine {
	ride: string; state: string; refusal: string | null; cause: string | null; vehicle: number | null; vehicle_name: string | null; needs: Record<string, number>;
	prebooked: boolean; tied: boolean; asked_at: string | null; promise: Ride['promise']; planned_pickup: string | null; planned_dropoff: string | null; owner: string | null;
}
export interface Case {
	case: string; kind: string; ride: string | null; vehicle: number | null; vehicle_name: string | null; outcome: string; open: boolean;
	opened_at: string; closed_at: string | null; owner: string | null; note: string | null;
}
export interface Closure { closure: string; slow_percent: number; made_at: string; until: string | null; by: string; reason: string; streets: { name: string; line: Point[] }[] }
export interface Condition { name: string; on: boolean }
export interface Found { name: string; line: Point[]; slow_percent: number }
export interface OpenNotice extends Notice { ride: string }
export interface StoryLine { record: number; at: string; kind: string; what: string | null; text: string | null; who: string | null }
export interface Story { now: string; whole: boolean; contact: { name: string | null; contact: string | null; note: string | null } | null; lines: StoryLine[] }
export interface DayFigures {
	now: string; since: string; asked: number; promised: number; refused: number; cancelled: number; no_show: number; done: number; broken: number; kept: number; shared: number;
	prebooked: number; tied: number; empty_m: number; loaded_m: number; mean_wait_s: number | null;
	needs: { need: string | null; label: string | null; asked: number; refused: number; mean_wait_s: number | null }[]; refusals: { code: string; message: string; count: number }[];
}
export interface Reports { folder_named: boolean; reports: { name: string; written: string; bytes: number; page: string }[] }
export interface Supervisor { who: string; handing_to: string | null; vehicles_max: number; simulated: boolean; since: string }
export interface Status {
	now: string; speed_permille: number; holding: string | null; bookings_paused: boolean; epoch: number; supervisors: Supervisor[]; figures: Record<string, number>;
}
interface ApiErrorBody { code: string; message: string; field: string | null }

export class ApiError extends Error {
	constructor(readonly status: number, readonly code: string, message: string, readonly field: string | null, readonly body: unknown) {
		super(message);
	}
}

let token = '';
export function useToken(value: string): void {
	token = value;
}

function headers(extra: Record<string, string> = {}): Record<string, string> {
	const result: Record<string, string> = { 'Accept-Language': document.documentElement.lang, ...extra };
	if (token)
		result['Authorization'] = `Bearer ${token}`;
	return result;
}

function random(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A name for this browser tab, for "one open request per client"; forgotten with the tab. */
function client(): string {
	const known = sessionStorage.getItem('client');
	const name = known ?? random();
	if (!known)
		sessionStorage.setItem('client', name);
	return name;
}

async function answer<T>(response: Response): Promise<T> {
	const body: unknown = await response.json().catch(() => null);
	if (response.ok)
		return body as T;
	const error = (body as { error?: ApiErrorBody } | null)?.error;
	throw new ApiError(response.status, error?.code ?? 'internal', error?.message ?? response.statusText, error?.field ?? null, body);
}

export async function get<T>(path: string): Promise<T> {
	return answer<T>(await fetch(path, { headers: headers() }));
}

/** Repeats once by itself when the network fails: the same key makes that harmless. */
export async function post<T>(path: string, body: unknown): Promise<T> {
	const key = random();
	const send = () => fetch(path, {
		method: 'POST',
		headers: headers({ 'Content-Type': 'application/json', 'Idempotency-Key': key, 'Zubringer-Client': client() }),
		body: JSON.stringify(body),
	});
	return answer<T>(await send().catch(() => send()));
}

/** Server-sent events by fetch, so that the token travels in a header and never in an address. Returns what ends it. */
export function stream(path: string, hear: (event: string, data: unknown) => void, lost: (isLost: boolean) => void = () => {}): () => void {
	const control = new AbortController();
	void (async () => {
		for (let pause = 500; !control.signal.aborted; pause = Math.min(pause * 2, 10000)) {
			try {
				const response = await fetch(path, { headers: headers({ Accept: 'text/event-stream' }), signal: control.signal });
				if (response.status === 404 || response.status === 401)
					return;
				if (response.ok && response.body) {
					lost(false);
					await readEvents(response.body, (event, data) => {
						pause = 500;
						hear(event, data);
					});
				}
			} catch { /* comes back below */ }
			if (control.signal.aborted)
				return;
			lost(true);
			await new Promise((done) => setTimeout(done, pause));
		}
	})();
	return () => control.abort();
}

async function readEvents(body: ReadableStream<Uint8Array>, hear: (event: string, data: unknown) => void): Promise<void> {
	const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
	let text = '';
	for (let part = await reader.read(); !part.done; part = await reader.read()) {
		text += part.value;
		for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
			const lines = text.slice(0, end).split('\n');
			text = text.slice(end + 2);
			const event = lines.find((line) => line.startsWith('event: '))?.slice(7);
			const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
			if (event && data)
				hear(event, JSON.parse(data));
		}
	}
}
