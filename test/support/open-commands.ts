/** Commands behind which nobody is asked for a name, and why that is so. */

/** They change nothing of an installation; with the words that follow each in a test, where a folder to write in is `OUT`. */
export const READING: Readonly<Record<string, readonly string[]>> = {
  'actor list': [],
  'actor authority': [],
  'actor root show': [],
  'policy check': ['POLICY'],
  'policy show': [],
  'policy diff': ['POLICY', 'POLICY', '--prove'],
  'policy decide': [
    '--quote',
    '{"segment":"smb","list_cents":1000000,"cost_cents":600000,"requested_discount_bps":2500}',
  ],
  'history list': [],
  'history audit': ['latest'],
  'history simulate': ['--seed', '1', '--quotes', '10', '--out', 'OUT/quotes.csv'],
  'policy-opt list': [],
  'policy-opt show': ['latest'],
  'policy-opt red-team': [],
  'policy-opt control status': [],
  'policy-packet show': ['latest'],
  'policy-packet verify': ['OUT/packet.json'],
  'kpi detail': [],
  'kpi history': [],
  'kpi backtest': [],
  'incident list': [],
  'incident show': ['latest'],
  validate: [],
  doctor: [],
  'audit log': [],
  'audit verify': [],
  'audit lineage': ['latest'],
  'audit export': ['OUT/export'],
  backup: ['OUT/backup'],
}

export const OTHERWISE_OPEN: Readonly<Record<string, readonly string[]>> = {
  'makes an installation of its own': ['init', 'restore', 'demo'],
  'adds a snapshot, which decides nothing': ['history import'],
  'copies a snapshot to a database outside': ['history push'],
  'tells what was written with the event already': ['ops deliver'],
  'runs `ops daily` and `ops weekly` in the name it is given': ['serve'],
}
