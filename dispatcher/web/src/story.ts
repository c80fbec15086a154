// One ride's story in words, line by line as the journal has it.
import type { Story, StoryLine } from './api';
import { whenOf } from './clock';
import { h } from './dom';
import { tName } from './words';

function words(line: StoryLine, vehicle: (number: string) => string): string {
	const what = line.what ?? '', detail = line.text ? `: ${line.text}` : '', who = line.who ? ` (${line.who})` : '';
	switch (line.kind) {
	case 'state':
		return `${tName('state', what)}${line.who ? ` · ${vehicle(line.who)}` : ''}${detail}`;
	case 'notice':
		return `${line.text ?? ''} – ${tName('told', what)}`;
	case 'case':
		return `${tName('case', what)}${who}`;
	case 'promise':
		return `${tName('promise', what)}${detail}`;
	case 'vehicle':
		return `${tName('event', what)} · ${vehicle(line.who ?? '')}`;
	default:
		return `${tName('order', what)}${detail}${who}`;
	}
}

export function storyLines(story: Story, vehicle: (number: string) => string): HTMLElement {
	return h('ol', { class: 'story' }, story.lines.map((line) => h('li', { class: `story-${line.kind}`, title: `#${line.record}` }, h('time', {}, whenOf(line.at)), ' ', words(line, vehicle))));
}
