/** The whole style of the page. Colours carry sides (gain, loss) and are always doubled by words, signs or direction. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --paper: #ffffff;
  --panel: #f6f7f9;
  --ink: #1b2330;
  --soft: #5a6575;
  --line: #dde1e7;
  --accent: #14618f;
  --accent-pale: #d5e6f1;
  --loss: #b1471f;
  --loss-pale: #f6e0d6;
  --quiet: #a3acb8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c;
    --panel: #1a2028;
    --ink: #e6eaf0;
    --soft: #9aa6b5;
    --line: #2d3641;
    --accent: #6cb8e6;
    --accent-pale: #1f3d50;
    --loss: #ee9a72;
    --loss-pale: #4a2a1c;
    --quiet: #5d6876;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main, header, footer { max-width: 66rem; margin: 0 auto; padding: 0 2rem; }
header { padding-top: 3rem; }
footer { padding-bottom: 4rem; }
.eyebrow { margin: 0 0 .75rem; color: var(--soft); font-size: .875rem; }
h1 { margin: 0 0 .75rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; text-wrap: balance; }
.lede { margin: 0 0 1.5rem; max-width: 46rem; font-size: 1.1rem; color: var(--ink); }
h2 { margin: 0 0 .25rem; font-size: 1.25rem; line-height: 1.3; letter-spacing: -.005em; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
section { padding: 2.25rem 0 0; margin-top: 2.25rem; border-top: 1px solid var(--line); }
.purpose { margin: 0 0 1.1rem; max-width: 46rem; color: var(--soft); }
p { max-width: 46rem; }
a { color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 1.5rem 0 0; font-size: .875rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1px; margin: 1.5rem 0;
  background: var(--line); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.tile { background: var(--paper); padding: 1rem 1.1rem; }
.tile .name { color: var(--soft); font-size: .875rem; }
.tile .figure { font-size: 1.55rem; line-height: 1.3; font-weight: 600; letter-spacing: -.01em; white-space: nowrap; }
.tile .note { color: var(--soft); font-size: .8125rem; }
.tile.lead .figure { color: var(--accent); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1.25rem 2rem; }
.columns.tables { grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
.box { background: var(--panel); border-radius: 6px; padding: 1rem 1.2rem; }
.box h3 { margin-top: 0; }
.box ul, .plain { margin: 0; padding-left: 1.1rem; }
.box li, .plain li { margin: .3rem 0; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
table.dense { font-size: .8125rem; }
table.dense th, table.dense td { padding-right: .5rem; }
table.dense td.n + td:not(.n), table.dense th.n + th:not(.n) { padding-left: .6rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .5rem .7rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: .8125rem; vertical-align: bottom; }
tbody th { font-weight: 500; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 1rem; }
.nowrap { white-space: nowrap; }
tr:last-child > * { border-bottom: 0; }
del { color: var(--loss); text-decoration-thickness: 1px; }
ins { color: var(--accent); text-decoration: none; font-weight: 600; }
code, .digest { font: .82em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.small { font-size: .8125rem; }
.word { display: inline-block; padding: .05rem .5rem; border-radius: 3px; font-size: .8125rem; font-weight: 600;
  white-space: nowrap; background: var(--panel); color: var(--ink); border: 1px solid var(--line); }
.word.good { background: var(--accent-pale); border-color: transparent; }
.word.bad { background: var(--loss-pale); border-color: transparent; }
figure { margin: 1.25rem 0; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
figcaption { margin-top: .4rem; color: var(--soft); font-size: .8125rem; max-width: 46rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .5rem 2rem; }
.panels figure { margin: .5rem 0; min-width: 0; max-width: 27rem; }
.range { display: block; }
.bar { display: flex; height: 1.5rem; border-radius: 3px; overflow: hidden; margin: .25rem 0 .6rem; border: 1px solid var(--line); }
.bar i { display: block; height: 100%; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; font-size: .875rem; }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem; vertical-align: -1px; border: 1px solid var(--line); }
.key svg { margin-right: .4rem; vertical-align: -3px; }
.observed { background: var(--accent); }
.reweighted { background: var(--accent-pale); }
.extrapolated { background: repeating-linear-gradient(135deg, var(--loss-pale) 0 4px, var(--loss) 4px 5px); }
ol.time { list-style: none; margin: 0; padding: 0; }
ol.time li { display: grid; grid-template-columns: 11.5rem 1fr; gap: 0 1.2rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
ol.time li:last-child { border-bottom: 0; }
ol.time .when { color: var(--soft); font-size: .875rem; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--accent); }
pre { overflow-x: auto; background: var(--panel); padding: .9rem 1rem; border-radius: 6px; font: .8rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
@media (max-width: 60rem) {
  .tiles { grid-template-columns: repeat(2, 1fr); }
}
@media (max-width: 40rem) {
  main, header, footer { padding-left: 1.1rem; padding-right: 1.1rem; }
  ol.time li { grid-template-columns: 1fr; }
  h1 { font-size: 1.5rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --panel: #f4f4f4; --ink: #000; --soft: #444; --line: #ccc;
    --accent: #14618f; --accent-pale: #d5e6f1; --loss: #b1471f; --loss-pale: #f6e0d6; --quiet: #999; }
  body { font-size: 10.5pt; }
  main, header, footer { max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 1.2rem; padding-top: 1.2rem; }
  figure, .box, .tiles, tr, li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  details { display: none; }
}
`
