// Light or dark: as the system has it, or as the switch says.
import { useState } from 'preact/hooks';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const stored = (): Theme => themes.find((theme) => theme === localStorage.getItem('theme')) ?? 'system';

export function applyTheme(): void {
  document.documentElement.dataset['theme'] = stored();
}

export function ThemeSwitch() {
  const [theme, setTheme] = useState(stored);
  const choose = (chosen: Theme): void => {
    localStorage.setItem('theme', chosen);
    applyTheme();
    setTheme(chosen);
    dispatchEvent(new Event('theme'));
  };
  return (
    <label class="theme">
      <span>Colours</span>
      <select value={theme} onChange={({ currentTarget }) => choose(currentTarget.value as Theme)}>
        {themes.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
