// "/planner": the day so far in figures, and finished reports of the simulator. Behind the token, like the control room.
import { ApiError, get, useToken, type DayFigures, type Reports, type Town } from './api';
import { setClock, whenOf } from './clock';
import { element, h, replace } from './dom';
import { forgetToken, knownToken, loginForm } from './login';
import { clockView, footer, honesty, languageSwitch, loadTown } from './shared';
import { language, t } from './words';

const panel = element('panel'), base = '/api/v1/operator';
const figures = h('div', { class: 'day' }), reports = h('div', { class: 'reports' });
const number = (value: number, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
const minutes = (seconds: number | null) => seconds === null ? '–' : `${number(seconds / 60, 1)} min`;

function login(problem = ''): void {
	replace(panel, loginForm(t('planner'), problem, () => void enter()));
}

async function enter(): Promise<void> {
	useToken(knownToken());
	try {
		const day = await get<DayFigures>(`${base}/figures`);
		const { town } = await loadTown();
		page(town, day);
		await showReports();
		setInterval(() => void get<DayFigures>(`${base}/figures`).then(showDay, () => null), 10000);
	} catch (error) {
		if (error instanceof ApiError && error.status === 401)
			forgetToken();
		login(error instanceof ApiError ? error.message : t('outage'));
	}
}

function page(town: Town, day: DayFigures): void {
	document.title = `${t('planner')} ${town.name ?? ''}`;
	replace(panel, h('header', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }), h('div', {}, h('h1', {}, t('planner')), h('p', {}, town.name ?? '')), languageSwitch(), clockView()),
		honesty(town), h('p', {}, h('a', { href: `/operator?lang=${language}` }, t('control'))), figures, reports, footer(town));
	showDay(day);
}

function table(caption: string, heads: string[], rows: (string | number)[][]): HTMLElement {
	return h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
		h('tbody', {}, rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), rest.map((cell) => h('td', {}, String(cell)))))));
}

function showDay(day: DayFigures): void {
	const row = (label: string, value: string) => h('div', {}, h('dt', {}, label), h('dd', {}, value));
	const driven = day.empty_m + day.loaded_m;
	setClock(day.now);
	replace(figures, h('h2', {}, t('today')), h('p', { class: 'hint' }, t('since', { time: whenOf(day.since) })),
		h('dl', { class: 'figures' }, row(t('asked'), number(day.asked)), row(t('promisedFigure'), number(day.promised)), row(t('doneFigure'), number(day.done)), row(t('refusedFigure'), number(day.refused)),
			row(t('brokenFigure'), number(day.broken)), row(t('waitFigure'), minutes(day.mean_wait_s)), row(t('sharedFigure'), number(day.shared)), row(t('tiedFigure'), number(day.tied)),
			row(t('emptyFigure'), driven ? `${number(100 * day.empty_m / driven)} %` : '–')),
		table(t('byNeed'), [t('need'), t('asked'), t('refusedFigure'), t('waitFigure')], day.needs.map((need) => [need.label ?? need.need ?? '', number(need.asked), number(need.refused), minutes(need.mean_wait_s)])),
		day.refusals.length ? table(t('byReason'), [t('reason'), t('count')], day.refusals.map((item) => [item.message, number(item.count)])) : h('p', { class: 'hint' }, t('noRefusals')));
}

async function showReports(): Promise<void> {
	const found = await get<Reports>(`${base}/reports`);
	const frame = h('div', { class: 'report' });
	const open = (name: string, page: string) => {
		const title = h('h3', { tabIndex: -1 }, name);
		/* a page of another hand: no origin, no way back to this one */
		replace(frame, title, h('iframe', { sandbox: 'allow-scripts', title: `${t('report')} ${name}`, src: page }));
		title.focus();
	};
	const list = found.reports.map((report) => h('li', {}, h('button', { type: 'button', onclick: () => open(report.name, report.page) }, report.name),
		` ${new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(report.written))}, ${number(report.bytes / 1e6, 1)} MB`));
	replace(reports, h('h2', {}, t('reports')), list.length ? h('ul', {}, list) : h('p', { class: 'hint' }, t(found.folder_named ? 'noReports' : 'noReportsFolder')), frame);
}

document.title = t('planner');
if (knownToken())
	void enter();
else
	login();
