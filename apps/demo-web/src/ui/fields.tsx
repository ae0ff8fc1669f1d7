/**
 * The page's form controls: each with its label, each usable by keyboard.
 */
import { useId } from "preact/hooks";
import type { Signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

/** A line of text under a label. */
export function TextField(props: {
  label: string;
  value: Signal<string>;
  readOnly?: boolean;
  keyboard?: "text" | "url";
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="text"
        inputMode={props.keyboard ?? "text"}
        value={props.value}
        readOnly={props.readOnly ?? false}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={(event) => (props.value.value = event.currentTarget.value)}
      />
    </div>
  );
}

/** A choice of a few, all of them in view. The label is heard, not seen: the options speak for themselves. */
export function Choice<TValue extends string>(props: {
  label: string;
  options: readonly { value: TValue; text: string }[];
  value: Signal<TValue>;
  disabled?: boolean;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="choice" disabled={props.disabled ?? false}>
      <legend class="unseen">{props.label}</legend>
      <div class="choice-row">
        {props.options.map(({ value, text }) => (
          <label key={value}>
            <input
              type="radio"
              name={name}
              value={value}
              checked={props.value.value === value}
              onChange={() => (props.value.value = value)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/**
 * A button that stays reachable by keyboard when it has nothing to do: what happens then is its owner's matter, so that
 * focus never falls off the page when a step becomes unavailable.
 */
export function Action(props: {
  children: ComponentChildren;
  kind?: "main" | "plain";
  submit?: boolean;
  available?: boolean;
  onClick?: () => void;
}): JSX.Element {
  return (
    <button
      type={props.submit === true ? "submit" : "button"}
      class={props.kind === "main" ? "action main" : "action"}
      aria-disabled={props.available === false ? "true" : undefined}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
