// Who works here says so by the token of the control room, kept for this tab alone.
import { h } from './dom';
import { languageSwitch } from './shared';
import { t } from './words';

export const me = (): string => sessionStorage.getItem('who') ?? '';
export const knownToken = (): string => sessionStorage.getItem('token') ?? '';
export function forgetToken(): void {
	sessionStorage.removeItem('token');
}

export function loginForm(title: string, problem: string, enter: () => void): HTMLElement[] {
	const token = h('input', { type: 'password', autocomplete: 'off', required: true }), who = h('input', { type: 'text', required: true, maxLength: 31, value: me(), autocomplete: 'off' });
	setTimeout(() => token.focus());
	return [h('header', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }), h('div', {}, h('h1', {}, title), h('p', {}, 'Zubringer')), languageSwitch()),
		h('form', { class: 'form login', onsubmit: (event: Event) => {
			event.preventDefault();
			sessionStorage.setItem('token', token.value.trim());
			sessionStorage.setItem('who', who.value.trim());
			enter();
		} },
		problem ? h('p', { class: 'message', role: 'alert' }, problem) : null,
		h('label', {}, t('token'), token), h('p', { class: 'hint' }, t('tokenHint')), h('label', {}, t('yourName'), who), h('button', { class: 'primary', type: 'submit' }, t('login')))];
}
