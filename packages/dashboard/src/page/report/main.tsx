// The report as a document. scripts/build-page.js bundles this for Node: the page's own components, drawn to text.
import { render } from 'preact-render-to-string';
import type { ReportData } from '../../api/report.ts';
import type { TablesAnswer } from '../../api/tables.ts';
import { Report } from './report.tsx';

interface Looks {
  readonly css: string;
  /** Beginning of the document, by which a report is known. */
  readonly head: string;
}

export function reportDocument(data: ReportData, tables: TablesAnswer['tables'], { css, head }: Looks): string {
  const title = escaped(`${data.run.title} (${data.run.run})`);
  return `${head}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body>
${render(<Report data={data} tables={tables} />)}
</body>
</html>
`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
