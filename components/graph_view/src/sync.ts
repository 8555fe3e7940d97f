// Views of one page that show the same place: who leads, who follows, and where to. A group lives
// on the page, since the bundle may be evaluated more than once.
import type { Camera } from "./camera";
import { onPage } from "./frame_clock";
import type { Scene } from "./scene";
import type { Guide } from "./steering";
import { type Point, share, Twins } from "./twins";
import type { View } from "./view";
import { type Block, countsOf } from "./wire";

const SETTLE_MS = 140; // drawings of one change come one after the other
const LEAST_SEEN_PX = 120; // a hidden view sees nothing, and may lead all the same
const NO_KEYS = new Uint32Array(0);

const groups = () => onPage("groups", () => new Map<string, Group>());

/** One view's part in a group. */
export class Partner implements Guide {
  isBase = false;
  /** When the reader or Python last moved or touched the view, ms; 0: never. */
  touchedMs = 0;
  private name = "";
  private keys = NO_KEYS;
  private baseKeys = NO_KEYS;
  private twins: Twins | null = null;
  private twinsOf: readonly [Scene, Scene] | null = null;
  private isDue = false;
  private readonly place: Camera = { x: 0, y: 0, zoom: 1 };

  constructor(readonly view: View) {}

  /** Joins the group of this name, after leaving its own; the empty name is no group. */
  join(name: string, isBase: boolean): void {
    if (name === this.name && isBase === this.isBase) return;
    this.leave();
    this.name = name;
    this.isBase = isBase;
    if (!name) return;
    const found = groups().get(name) ?? new Group();
    groups().set(name, found);
    found.join(this);
  }

  leave(): void {
    const { group } = this;
    group?.leave(this);
    if (group?.isEmpty) groups().delete(this.name);
    this.name = "";
  }

  takeTwins(block: Block): void {
    this.keys = countsOf(block, "twin_key");
    this.baseKeys = countsOf(block, "twin_base_key");
    this.twinsOf = null;
    this.group?.renewed();
  }

  /** Another scene is shown; `isOther`: of another graph, or the first. */
  sceneChanged(isOther: boolean): void {
    if (isOther) this.group?.arrived(this);
    else this.group?.renewed();
  }

  /** Whose items stand for which, between the base's scene and this view's. */
  twinsWith(base: Scene): Twins {
    const own = this.view.scene!;
    if (this.twins === null || this.twinsOf?.[0] !== base || this.twinsOf[1] !== own) {
      this.twins = new Twins(base, own, this.baseKeys, this.keys);
      this.twinsOf = [base, own];
    }
    return this.twins;
  }

  /** Pairs that both drawings show, when this view was last led by another; for tests. */
  get nPairs(): number {
    return this.twins?.nPairs ?? 0;
  }

  // --- Guide -------------------------------------------------------------------------------

  get isFollowing(): boolean {
    const leader = this.group?.leader;
    return leader !== null && leader !== undefined && leader !== this;
  }

  lead(): void {
    this.isDue = false;
    this.touchedMs = performance.now();
    this.group?.lead(this);
  }

  moved(): void {
    this.group?.moved(this);
  }

  aim(isAsked: boolean): Readonly<Camera> | null {
    if (!this.isDue && !isAsked) return null;
    this.isDue = false;
    return this.group?.aim(this, this.place) ? this.place : null;
  }

  /** The leader has moved. */
  call(): void {
    this.isDue = true;
    this.view.invalidate();
  }

  private get group(): Group | undefined {
    return groups().get(this.name);
  }
}

class Group {
  leader: Partner | null = null;
  private readonly members = new Set<Partner>();
  private timer = 0;

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  join(member: Partner): void {
    this.members.add(member);
    const later = member.touchedMs - (this.leader?.touchedMs ?? -1);
    if (later > 0 || (later === 0 && member.isBase)) this.leader = member;
    this.renewed();
  }

  leave(member: Partner): void {
    this.members.delete(member);
    if (this.leader !== member) return;
    const [first] = this.members;
    this.leader = this.base() ?? first ?? null;
  }

  lead(member: Partner): void {
    this.leader = member;
  }

  moved(member: Partner): void {
    if (member !== this.leader) return;
    for (const other of this.members) if (other !== member) other.call();
  }

  /** A view shows something else: it goes where the leader is before anybody sees it elsewhere. */
  arrived(member: Partner): void {
    if (member === this.leader) return this.renewed();
    member.view.steer.isBehind = false;
    member.call();
  }

  /** Drawings or twins have changed: who follows comes after, when all have changed. */
  renewed(): void {
    for (const member of this.members) member.view.steer.isBehind = member !== this.leader;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (this.leader) this.moved(this.leader);
    }, SETTLE_MS);
  }

  /** Writes where `member` should look; false where nobody leads it. */
  aim(member: Partner, out: Camera): boolean {
    const { leader } = this;
    const [from, to] = [leader?.view, member.view];
    if (!leader || !from || leader === member || !from.scene || !to.scene) return false;
    const { camera, size } = from;
    const seen = Math.max(Math.min(size.width, size.height), LEAST_SEEN_PX) / camera.zoom;
    out.x = camera.x;
    out.y = camera.y;
    out.zoom = camera.zoom;
    this.carry(leader, member, out, seen);
    return true;
  }

  /** From drawing to drawing, by way of the base. */
  private carry(from: Partner, to: Partner, point: Point, seen: number): void {
    const base = this.base()?.view.scene;
    if (!base) return share(point, from.view.scene!, to.view.scene!);
    if (!from.isBase) from.twinsWith(base).toBase(point, seen);
    if (!to.isBase) to.twinsWith(base).toOther(point, seen);
  }

  private base(): Partner | null {
    for (const member of this.members) if (member.isBase) return member;
    return null;
  }
}
