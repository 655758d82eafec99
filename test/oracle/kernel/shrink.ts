import type { Game } from './game.ts';

/** Takes operations out of a game as long as it stays wrong. */
export function shrink(game: Game, isWrong: (candidate: Game) => boolean): Game {
  let small = game;
  for (let size = Math.ceil(game.ops.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < small.ops.length;) {
      const candidate = { ...small, ops: [...small.ops.slice(0, at), ...small.ops.slice(at + size)] };
      if (candidate.ops.length > 0 && isWrong(candidate)) small = candidate;
      else at += size;
    }
  }
  return small;
}
