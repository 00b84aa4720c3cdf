import { describe, expect, it } from 'vitest';
import { Roster } from '../../src/roster.ts';

describe('a roster', () => {
  it('has whoever came and has not gone, in whatever order they go', () => {
    const roster = new Roster<string>();
    const seats = ['a', 'b', 'c', 'd'].map((name) => roster.add(name));
    roster.remove(seats[1]!);
    expect([...roster].sort()).toEqual(['a', 'c', 'd']);
    roster.remove(seats[3]!);
    roster.remove(seats[0]!);
    expect([...roster]).toEqual(['c']);
    expect(roster.size).toBe(1);
  });

  it('takes a place back once', () => {
    const roster = new Roster<string>();
    const seat = roster.add('a');
    roster.remove(seat);
    roster.add('b');
    roster.remove(seat);
    expect([...roster]).toEqual(['b']);
  });

  it('shows those who were there to whoever makes them leave', () => {
    const roster = new Roster<string>();
    const seats = new Map(['a', 'b', 'c'].map((name) => [name, roster.add(name)]));
    const seen: string[] = [];
    for (const name of roster) {
      seen.push(name);
      roster.remove(seats.get(name)!);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(roster.size).toBe(0);
  });
});
