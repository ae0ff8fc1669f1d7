/**
 * The field: an SVG whose parts Preact makes, and which every frame moves.
 */
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { FIELD, RADIUS } from "../rules.ts";
import type { Player } from "../contracts/arena.ts";
import { hueOf } from "./hue.ts";
import { Steering } from "./steering.ts";
import type { Visitor } from "./visitor.ts";
import type { World } from "./world.ts";

/** Room below the lower wall for the names of those who stand there. */
const NAME_ROOM = 20;

/** The field and everything on it. Takes the focus when the visitor comes in. */
export function Field({ visitor }: { visitor: Visitor }): JSX.Element {
  const { world, seat, phase } = visitor;
  const svg = useRef<SVGSVGElement>(null);
  const steering = useRef<Steering>(undefined);
  steering.current ??= new Steering((dx, dy) => void visitor.steer(dx, dy));
  const isInside = phase.value === "inside";

  useEffect(() => {
    if (svg.current === null || steering.current === undefined) return undefined;
    return animate(svg.current, steering.current, visitor);
  }, [visitor]);
  useEffect(() => {
    if (isInside) svg.current?.focus({ preventScroll: true });
  }, [isInside]);

  const point = (event: PointerEvent): void => {
    const from = world.placeOf(seat.value, performance.now());
    const to = svg.current === null ? undefined : placeIn(svg.current, event);
    if (from !== undefined && to !== undefined) steering.current?.point(to, from);
  };
  return (
    <svg
      ref={svg}
      class="ground"
      data-live={isInside}
      viewBox={`0 0 ${String(FIELD.width)} ${String(FIELD.height + NAME_ROOM)}`}
      role="application"
      aria-label="The field"
      aria-describedby="field-keys"
      tabIndex={0}
      onKeyDown={(event) => {
        if (steering.current?.press(event) === true) event.preventDefault();
      }}
      onKeyUp={(event) => steering.current?.release(event)}
      onBlur={() => steering.current?.stop()}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        point(event);
      }}
      onPointerMove={(event) => {
        if (event.buttons !== 0) point(event);
      }}
    >
      <Floor />
      {world.points.value.map(({ id, x, y }) => (
        <g key={`point-${String(id)}`} transform={`translate(${String(x)} ${String(y)})`}>
          <path class="point" d="M0-7 7 0 0 7-7 0Z" />
        </g>
      ))}
      <Players world={world} own={seat.value} />
    </svg>
  );
}

/** In the order of their seats, so that nobody's place in the document changes when somebody scores; oneself on top. */
function Players({ world, own }: { world: World; own: number }): JSX.Element {
  const rank = ({ seat }: Player): number => (seat === own ? Number.MAX_VALUE : seat);
  return (
    <>
      {world.players.value
        .toSorted((a, b) => rank(a) - rank(b))
        .map((player) => (
          <Figure key={player.seat} player={player} isOwn={player.seat === own} />
        ))}
    </>
  );
}

function Figure({ player, isOwn }: { player: Player; isOwn: boolean }): JSX.Element {
  const { seat, name, score, away } = player;
  return (
    <g class="figure" data-seat={seat} data-own={isOwn} data-away={away} style={hueOf(seat)}>
      {score > 0 && <circle key={score} class="figure-glow" r={RADIUS} />}
      <circle class="figure-body" r={RADIUS - 1} />
      <text class="figure-score" dy="0.36em">
        {score}
      </text>
      <text class="figure-name" y={RADIUS + 13}>
        {name}
      </text>
    </g>
  );
}

function Floor(): JSX.Element {
  return (
    <>
      <defs>
        <pattern id="floor-dots" width="24" height="24" patternUnits="userSpaceOnUse">
          <circle class="floor-dot" cx="12" cy="12" r="1" />
        </pattern>
      </defs>
      <rect class="floor" width={FIELD.width} height={FIELD.height + NAME_ROOM} fill="url(#floor-dots)" />
    </>
  );
}

/** Moves the figures with every frame, until the returned function is called. */
function animate(svg: SVGSVGElement, steering: Steering, { world, seat }: Visitor): () => void {
  let request = 0;
  const draw = (): void => {
    const nowMs = performance.now();
    for (const figure of svg.querySelectorAll<SVGGElement>(".figure")) {
      const place = world.placeOf(Number(figure.dataset["seat"]), nowMs);
      if (place === undefined) continue;
      figure.setAttribute("transform", `translate(${place.x.toFixed(2)} ${place.y.toFixed(2)})`);
      keepNameInside(figure, place.x);
    }
    const own = world.placeOf(seat.value, nowMs);
    if (own !== undefined) steering.follow(own);
    request = requestAnimationFrame(draw);
  };
  request = requestAnimationFrame(draw);
  // A key that goes up while another window has the keyboard is never heard of.
  const stop = (): void => steering.stop();
  addEventListener("blur", stop);
  return () => {
    cancelAnimationFrame(request);
    removeEventListener("blur", stop);
  };
}

/** Beside a wall the name stands beside the middle. */
function keepNameInside(figure: SVGGElement, x: number): void {
  const name = figure.querySelector<SVGTextElement>(".figure-name");
  if (name === null || (x > FIELD.width / 5 && x < (FIELD.width * 4) / 5 && !name.hasAttribute("x"))) return;
  const half = name.getComputedTextLength() / 2 + 3;
  const inside = Math.min(Math.max(x, half), FIELD.width - half);
  if (inside === x) name.removeAttribute("x");
  else name.setAttribute("x", (inside - x).toFixed(1));
}

/** Where on the field a pointer is. */
function placeIn(
  svg: SVGSVGElement,
  { clientX, clientY }: PointerEvent,
): { x: number; y: number } | undefined {
  const matrix = svg.getScreenCTM();
  if (matrix === null) return undefined;
  const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
  return { x, y };
}
