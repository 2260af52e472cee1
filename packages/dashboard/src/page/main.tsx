// The page: shown once its script is loaded.
import { render } from 'preact';
import { App } from './app.tsx';
import { startLive } from './data/live.ts';
import { applyTheme } from './parts/theme.tsx';

applyTheme();
startLive();
render(<App />, document.getElementById('page')!);
