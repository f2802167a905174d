import { type Content, html, type Markup } from './markup.ts'

/** A section of the page: its anchor, its heading, one sentence on what to read it for. */
export const section = (id: string, title: string, purpose: string, ...content: readonly Content[]): Markup =>
  html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${title}</h2><p class="purpose">${purpose}</p>${content}</section>`

/** A word that says a verdict; its colour only repeats it. */
export const word = (text: string, side: 'good' | 'bad' | 'plain'): Markup =>
  html`<span class="word ${side}">${text}</span>`
