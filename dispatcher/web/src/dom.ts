// Building pages without a framework: h('button', { class: 'x', onclick }, 'text').

type Child = Node | string | number | null | undefined | false | Child[];
type Props = Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith('on'))
			element.addEventListener(name.slice(2), value as EventListener);
		else if (name in element && !name.includes('-') && name !== 'list' && name !== 'form' && name !== 'role')
			(element as unknown as Props)[name] = value;
		else
			element.setAttribute(name === 'class' ? 'class' : name, value === true ? '' : String(value));
	}
	append(element, children);
	return element;
}

function append(parent: Node, children: Child[]): void {
	for (const child of children) {
		if (Array.isArray(child))
			append(parent, child);
		else if (child !== null && child !== undefined && child !== false)
			parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
	}
}

export function replace(parent: Element, ...children: Child[]): void {
	parent.replaceChildren();
	append(parent, children);
}

export function element(id: string): HTMLElement {
	const found = document.getElementById(id);
	if (!found)
		throw new Error(`no element #${id}`);
	return found;
}

/** Makes parent's children look like the new ones while keeping the elements that are there: a list that changes every second can
 * still be clicked, focused and read aloud. Children pair up by data-key, else by tag and class in order. Buttons without a key
 * are always taken new, since their listeners belong to what they were made for. */
export function morph(parent: Element, ...children: Child[]): void {
	const fresh = document.createElement('div');
	append(fresh, children);
	morphChildren(parent, fresh);
}

function pairs(old: Node, fresh: Node): boolean {
	if (!(old instanceof HTMLElement) || !(fresh instanceof HTMLElement))
		return old.nodeType === fresh.nodeType && !(old instanceof Element) && !(fresh instanceof Element);
	if (old.tagName !== fresh.tagName || old.dataset['key'] !== fresh.dataset['key'])
		return false;
	return old.dataset['key'] !== undefined || old.tagName !== 'BUTTON';
}

function morphChildren(parent: Element, fresh: Element): void {
	let place = parent.firstChild;
	for (const child of Array.from(fresh.childNodes)) {
		let found: ChildNode | null = place;
		while (found && !pairs(found, child))
			found = found.nextSibling;
		if (!found) {
			parent.insertBefore(child, place);
			continue;
		}
		while (place && place !== found) { /* what stood between is gone */
			const next: ChildNode | null = place.nextSibling;
			place.remove();
			place = next;
		}
		place = found.nextSibling;
		if (found instanceof HTMLElement && child instanceof HTMLElement)
			morphElement(found, child);
		else if (found.nodeValue !== child.nodeValue)
			found.nodeValue = child.nodeValue;
	}
	while (place) {
		const next: ChildNode | null = place.nextSibling;
		place.remove();
		place = next;
	}
}

function morphElement(old: HTMLElement, fresh: HTMLElement): void {
	for (const { name, value } of Array.from(fresh.attributes)) {
		if (old.getAttribute(name) !== value)
			old.setAttribute(name, value);
	}
	for (const { name } of Array.from(old.attributes)) {
		if (!fresh.hasAttribute(name))
			old.removeAttribute(name);
	}
	morphChildren(old, fresh);
}

let names = 0;
export function freshId(stem: string): string {
	return `${stem}-${++names}`;
}
