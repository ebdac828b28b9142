-- The whole ledger, in a schema of its own. Times are nanoseconds since 1970 in UTC, 0 for none. Money is in millionths. States are the
-- words of pkg/message; channels are its entries, which no constraint names. A seal is a checksum of the row's other columns; it is NULL only
-- while a transaction is under way. Everything of a campaign is found by its id first, so that its rows lie together and can be partitioned.

CREATE TABLE meta (
  name  text PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE campaign (
  id         bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name       text    NOT NULL UNIQUE CHECK (name <> ''),
  digest     text    NOT NULL,
  spec       bytea   NOT NULL,
  created    bigint  NOT NULL,
  staged     bigint  NOT NULL,
  recipients bigint  NOT NULL DEFAULT 0, -- rows of the newest list
  folded     bigint  NOT NULL DEFAULT 0, -- how many of its messages are told through those of other rows
  people     bigint  NOT NULL DEFAULT 0, -- recipients that were staged and not left out since, of all parts
  ordered    boolean NOT NULL DEFAULT false, -- ids of messages follow the rows of the list, so that reading needs no sort
  first_id   bigint  NOT NULL DEFAULT 0, -- its messages are within these ids
  last_id    bigint  NOT NULL DEFAULT 0,
  paused_at  bigint, paused_who  text, paused_what  text, paused_reason  text,
  aborted_at bigint, aborted_who text, aborted_what text, aborted_reason text,
  seal       bigint
);
CREATE INDEX campaign_unsealed ON campaign (id) WHERE seal IS NULL;

-- Ids go up within a staging, and are the message's in all campaigns.
CREATE SEQUENCE message_ids;
CREATE SEQUENCE recipient_ids;
CREATE SEQUENCE claim_ids;

-- A row of a list. The rows of an older list stay for as long as a message that left is about them.
CREATE TABLE recipient (
  campaign_id bigint NOT NULL,
  id          bigint NOT NULL,
  row         bigint NOT NULL,
  key         text   COLLATE "C" NOT NULL,
  fields      bytea  NOT NULL,
  PRIMARY KEY (campaign_id, id)
);

-- To whom and what; how it stands is a record of its own. Neither id is declared REFERENCES: the check would cost a third of staging.
-- Verify makes it.
CREATE TABLE message (
  campaign_id  bigint NOT NULL,
  id           bigint NOT NULL,
  recipient_id bigint NOT NULL,
  channel      text   COLLATE "C" NOT NULL CHECK (channel <> ''),
  key          text   COLLATE "C" NOT NULL,
  address      text   COLLATE "C" NOT NULL,
  segments     bigint NOT NULL,
  fingerprint  bigint NOT NULL,
  seal         bigint NOT NULL, -- of its recipient, too
  PRIMARY KEY (campaign_id, id)
);
CREATE UNIQUE INDEX message_key ON message (campaign_id, key);

-- What the newest list says of a message that it could not change any more: applied if the message goes back to pending.
-- recipient_id NULL: it is no longer on the list.
CREATE TABLE relist (
  campaign_id  bigint NOT NULL,
  message_id   bigint NOT NULL,
  recipient_id bigint,
  segments     bigint,
  fingerprint  bigint,
  seal         bigint NOT NULL, -- that of the message, where this is applied
  PRIMARY KEY (campaign_id, message_id)
);

-- The fingerprints of a campaign's messages, also of earlier lists, and of their addresses: 64 bits each, the least byte first, sorted within a piece.
CREATE TABLE prints (
  campaign_id bigint NOT NULL REFERENCES campaign (id),
  piece       bigint NOT NULL,
  prints      bytea  NOT NULL,
  seal        bigint NOT NULL,
  PRIMARY KEY (campaign_id, piece)
);

CREATE TABLE fold (
  campaign_id bigint NOT NULL REFERENCES campaign (id),
  key         text   COLLATE "C" NOT NULL, -- of the message that the row is told through
  row         bigint NOT NULL,
  recipient   text   COLLATE "C" NOT NULL,
  seal        bigint NOT NULL,
  staging     bigint NOT NULL, -- which of the campaign's said so: those of other parts of the list stay
  PRIMARY KEY (campaign_id, key, row)
);

-- A process at work on a campaign. There may be several at the same time.
CREATE TABLE run (
  id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  campaign_id bigint NOT NULL REFERENCES campaign (id),
  host        text   NOT NULL,
  pid         bigint NOT NULL,
  process     bigint NOT NULL, -- when the process of that number began; 0: not known
  login       text   NOT NULL,
  pace        text   NOT NULL, -- what the rates of the domains were: places were given under them
  started     bigint NOT NULL,
  beat        bigint NOT NULL,
  expires     bigint NOT NULL,
  turn        bigint NOT NULL DEFAULT 0, -- the number of its last turn
  sent        bigint NOT NULL DEFAULT 0, -- messages that were accepted from it
  waiting     text   NOT NULL DEFAULT '', -- what it waits for, with its last turn
  ended       bigint,
  why         text
) WITH (fillfactor = 50); -- written anew by every turn
CREATE INDEX run_campaign ON run (campaign_id, id);
CREATE INDEX run_live ON run (campaign_id, id) WHERE ended IS NULL;

-- How far a channel was handed out: up to last_id by ranges; below next_id no message is pending that has no standing. Its rows are the lock
-- under which the messages and the tally of a campaign change.
CREATE TABLE reach (
  id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  campaign_id bigint NOT NULL REFERENCES campaign (id),
  channel     text   COLLATE "C" NOT NULL,
  last_id     bigint NOT NULL DEFAULT 0,
  next_id     bigint NOT NULL DEFAULT 0,
  UNIQUE (campaign_id, channel)
) WITH (fillfactor = 50);

-- Messages granted to a run at once, for one account. Those between first_id and last_id that had no standing then are attempted because
-- this row says so, and it is on disk before any of them leaves; the others have a standing that names it.
CREATE TABLE claim (
  id          bigint PRIMARY KEY,
  run_id      bigint NOT NULL,
  turn        bigint NOT NULL, -- of the run
  campaign_id bigint NOT NULL,
  channel     text   COLLATE "C" NOT NULL,
  account     text   COLLATE "C" NOT NULL,
  currency    text   COLLATE "C" NOT NULL,
  day         text   COLLATE "C" NOT NULL, -- on which they were debited
  scenario    text   COLLATE "C" NOT NULL DEFAULT '', -- of the account, debited as well; empty for none
  price       bigint NOT NULL, -- for one segment
  claimed_at  bigint NOT NULL,
  deadline    bigint NOT NULL, -- after it none of them begins to leave
  first_id    bigint,
  last_id     bigint,
  seal        bigint NOT NULL,
  reach_id    bigint, -- set by a trigger; a number, so that the constraint needs no extension
  CHECK ((first_id IS NULL) = (last_id IS NULL) AND (first_id IS NULL OR reach_id IS NOT NULL)),
  -- No message is in two ranges, whoever writes them, at whatever moment.
  CONSTRAINT claim_once EXCLUDE USING gist (int8range(reach_id, reach_id, '[]') WITH &&, int8range(first_id, last_id, '[]') WITH &&)
    WHERE (first_id IS NOT NULL)
);
CREATE INDEX claim_range ON claim (campaign_id, channel, last_id) WHERE last_id IS NOT NULL;
CREATE INDEX claim_run ON claim (run_id, id);

-- How a message stands that is not simply pending, or attempted with the others of its claim. Mostly a row is written once and never again: of all
-- that a message costs the log it is the largest part. So its columns are as narrow as they may be, the widest first that need to be aligned.
CREATE TABLE standing (
  campaign_id     bigint NOT NULL,
  message_id      bigint NOT NULL,
  -- The newest attempt.
  claim_id        bigint,
  settled_at      bigint,
  not_before      bigint, -- NULL of most that is not pending
  vendor_segments bigint,
  attempts        integer NOT NULL DEFAULT 0,
  over            integer NOT NULL DEFAULT 0, -- how many of them are: definitely not accepted
  seal            integer,
  -- How a pending message stands to its domain's rate: 0 not held, 1 not_before is its place, 2 to be looked at again then.
  paced           smallint NOT NULL DEFAULT 0 CHECK (paced IN (0, 1, 2)),
  channel         text   COLLATE "C" NOT NULL,
  state           text   COLLATE "C" NOT NULL CHECK (state IN ('accepted', 'pending', 'attempting', 'unknown', 'rejected', 'cancelled')),
  code            text,
  vendor_id       text,
  detail          text,
  why             text   CHECK (why IN ('list', 'abort')), -- of cancelled: left out by a list, or by an abort
  PRIMARY KEY (campaign_id, message_id),
  -- At most one attempt is not over: whatever the program does.
  CHECK (attempts = over + CASE WHEN state IN ('accepted', 'attempting', 'unknown') THEN 1 ELSE 0 END),
  CONSTRAINT standing_waits CHECK (state <> 'pending' OR not_before IS NOT NULL)
);
-- Pending messages that have a standing: they were tried before, held, or left out for a while. All others are read in the order
-- of their ids, from where the reach is: an index of them would have to be written for every message.
CREATE INDEX standing_again ON standing (campaign_id, channel, not_before, message_id) WHERE state = 'pending' AND paced = 0;
CREATE INDEX standing_paced ON standing (campaign_id, channel, not_before, message_id) WHERE state = 'pending' AND paced > 0;
-- What somebody should look at.
CREATE INDEX standing_noted ON standing (campaign_id, state, code) WHERE state IN ('unknown', 'rejected');
-- What is attempted once more, or had waited: the others have no record while they are open.
CREATE INDEX standing_open ON standing (campaign_id, claim_id) WHERE state = 'attempting';
CREATE INDEX standing_unsealed ON standing (campaign_id, message_id) WHERE seal IS NULL;

-- An attempt that is over.
CREATE TABLE attempt (
  campaign_id     bigint NOT NULL,
  message_id      bigint NOT NULL,
  number          bigint NOT NULL, -- 1 is the first of the message
  claim_id        bigint NOT NULL,
  segments        bigint NOT NULL,
  outcome         text   NOT NULL CHECK (outcome IN ('rejected', 'throttled', 'refused', 'unsent')),
  reason          text,
  code            text,
  detail          text,
  vendor_id       text,
  vendor_segments bigint,
  settled_at      bigint NOT NULL,
  retry_at        bigint NOT NULL DEFAULT 0,
  seal            bigint,
  PRIMARY KEY (campaign_id, message_id, number)
);
CREATE INDEX attempt_unsealed ON attempt (campaign_id, message_id) WHERE seal IS NULL;

-- What vendors call messages: 32 bits of each id, the messages by them. What was put in order together is a generation, sorted by prints: each row
-- some 190 of them, behind the first one and its message. In a row each stands as how far its print is from the one before (uvarint), and its
-- message and its campaign (varints). What a transaction settled is a row of the second table, until it is put in order in the first: as many pairs
-- of 4 bytes, the least first, and how far the message's id is from the one before, as a varint.
CREATE TABLE vendor_print (
  generation bigint NOT NULL,
  print      bigint NOT NULL,
  message_id bigint NOT NULL,
  prints     bytea  NOT NULL,
  PRIMARY KEY (generation, print, message_id)
);
CREATE TABLE vendor_print_new (
  id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  campaign_id bigint NOT NULL,
  messages    integer NOT NULL,
  prints      bytea  NOT NULL
);
ALTER TABLE vendor_print_new ALTER COLUMN prints SET STORAGE EXTERNAL; -- there is nothing in them to press out

-- An attempt that was unknown, and what evidence or a person made of it.
CREATE TABLE resolution (
  campaign_id bigint NOT NULL,
  message_id  bigint NOT NULL,
  number      bigint NOT NULL,
  outcome     text   NOT NULL CHECK (outcome IN ('accepted', 'rejected', 'unsent')),
  unknown_at  bigint NOT NULL, -- since when it was unknown
  at          bigint NOT NULL,
  who         text   NOT NULL,
  why         text   NOT NULL,
  grade       text   NOT NULL CHECK (grade IN ('person', 'confirmed', 'signed', 'vendor')), -- of the proof
  seal        bigint,
  PRIMARY KEY (campaign_id, message_id, number)
);
CREATE INDEX resolution_unsealed ON resolution (campaign_id, message_id) WHERE seal IS NULL;

-- What all processes share about an account, or, under "account/scenario", about a kind of its traffic. Its row is the lock under which
-- whatever is debited on the account changes.
CREATE TABLE account (
  name       text   COLLATE "C" PRIMARY KEY,
  empty_at   bigint NOT NULL DEFAULT 0,
  scale      double precision NOT NULL DEFAULT 1,
  not_before bigint NOT NULL DEFAULT 0,
  failures   bigint NOT NULL DEFAULT 0,
  open_until bigint NOT NULL DEFAULT 0,
  since      bigint NOT NULL DEFAULT 0, -- when not_before or open_until was set
  reason     text   NOT NULL DEFAULT '',
  error      text   NOT NULL DEFAULT '',
  error_at   bigint NOT NULL DEFAULT 0,
  weight     bigint CHECK (weight >= 0), -- in place of the configured one
  off_at bigint, off_who text, off_what text, off_reason text -- who switched it off
) WITH (fillfactor = 50);

-- How far a campaign has come that goes out in waves.
CREATE TABLE wave (
  campaign_id bigint  PRIMARY KEY REFERENCES campaign (id),
  number      integer NOT NULL CHECK (number >= 0), -- how many are over
  held        bigint  NOT NULL,                     -- since when it is out; 0: it is not
  asked       integer NOT NULL                      -- 1: a person is to say that it goes on
);

-- The rate of an account to one domain: when the newest message leaves, and the last place given to one that waits.
CREATE TABLE domain_pace (
  account  text   COLLATE "C" NOT NULL,
  domain   text   COLLATE "C" NOT NULL,
  empty_at bigint NOT NULL,
  tail     bigint NOT NULL,
  held     text   NOT NULL DEFAULT '', -- JSON object: how it is held back beyond its rate
  PRIMARY KEY (account, domain)
) WITH (fillfactor = 50);

CREATE TABLE usage (
  account  text   COLLATE "C" NOT NULL, -- or account/scenario
  day      text   COLLATE "C" NOT NULL,
  messages bigint NOT NULL CHECK (messages >= 0),
  segments bigint NOT NULL CHECK (segments >= 0),
  cost     bigint NOT NULL CHECK (cost >= 0),
  last     bigint NOT NULL, -- when the newest of it was debited: another zone has other days
  PRIMARY KEY (account, day)
) WITH (fillfactor = 50);

-- How many messages of a campaign are in which state, written with the states. account is that of the newest attempt, empty for what is
-- pending or cancelled; run_id is set for what is being attempted. Segments are of what is pending, and with their cost of what is
-- debited: attempted, accepted, unknown.
CREATE TABLE tally (
  campaign_id bigint NOT NULL REFERENCES campaign (id),
  channel     text   COLLATE "C" NOT NULL,
  state       text   COLLATE "C" NOT NULL,
  account     text   COLLATE "C" NOT NULL,
  currency    text   COLLATE "C" NOT NULL,
  run_id      bigint NOT NULL,
  messages    bigint NOT NULL CHECK (messages >= 0),
  segments    bigint NOT NULL CHECK (segments >= 0),
  cost        bigint NOT NULL CHECK (cost >= 0),
  seal        bigint NOT NULL,
  PRIMARY KEY (campaign_id, channel, state, account, currency, run_id)
) WITH (fillfactor = 50);

-- A chain: the hash of an entry covers its other columns and the hash of the one before it. No id is left out.
CREATE TABLE audit (
  id       bigint PRIMARY KEY,
  campaign text   NOT NULL,
  who      text   NOT NULL,
  as_name  text   NOT NULL, -- the name that the person gave
  what     text   NOT NULL,
  reason   text   NOT NULL, -- as a person typed it
  said     text   NOT NULL, -- what the program says of it: an id with arguments
  figures  text   NOT NULL, -- JSON object, or empty
  at       bigint NOT NULL,
  hash     text   NOT NULL CHECK (length(hash) = 64)
);

CREATE TABLE preflight (
  id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  campaign text   NOT NULL,
  digest   text   NOT NULL,
  verdict  text   NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail')),
  result   bytea  NOT NULL,
  at       bigint NOT NULL,
  who      text   NOT NULL
);
CREATE INDEX preflight_digest ON preflight (campaign, digest);

-- A line of a checklist that a person answers for, for exactly one plan.
CREATE TABLE signoff (
  id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  campaign text   NOT NULL CHECK (campaign <> ''), -- a name: it may be signed before it is staged
  item     text   NOT NULL CHECK (item <> ''),
  role     text   NOT NULL,
  name     text   NOT NULL CHECK (name <> ''),
  who      text   NOT NULL,
  at       bigint NOT NULL,
  digest   text   NOT NULL CHECK (digest <> ''),
  parts    text   NOT NULL, -- JSON object
  checked  bigint NOT NULL,
  evidence bytea,
  signature text NOT NULL DEFAULT '', -- of the person's SSH key, armored; empty for none
  revoked_at bigint, revoked_who text, revoked_what text, revoked_reason text
);
CREATE INDEX signoff_campaign ON signoff (campaign);

-- A campaign that was sent whole to a sandbox: what it proves, and since when.
CREATE TABLE rehearsal (
  id         bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  campaign   text    NOT NULL CHECK (campaign <> ''), -- a name: it need not be staged here
  digest     text    NOT NULL CHECK (digest <> ''),
  recipients bigint  NOT NULL CHECK (recipients >= 0),
  messages   bigint  NOT NULL CHECK (messages >= 0),
  reached    bigint  NOT NULL CHECK (reached >= 0),
  rate       double precision NOT NULL CHECK (rate >= 0),
  speed      double precision NOT NULL CHECK (speed > 0),
  took       bigint  NOT NULL CHECK (took >= 0), -- nanoseconds
  memory     bigint  NOT NULL CHECK (memory >= 0), -- bytes
  faults     text    NOT NULL, -- JSON object: how many messages met which
  complete   boolean NOT NULL,
  at         bigint  NOT NULL
);

-- Addresses that are never to be sent to, as a log: the newest line of an address says how it stands.
CREATE TABLE suppression (
  id      bigint PRIMARY KEY,
  address text   COLLATE "C" NOT NULL CHECK (address <> ''),
  channel text   COLLATE "C" NOT NULL CHECK (channel <> ''),
  reason  text   CHECK (reason IN ('opt-out', 'hard-bounce', 'complaint', 'other')), -- NULL: taken off
  note    text   NOT NULL CHECK (reason IS NOT NULL OR note <> ''),
  who     text   NOT NULL,
  at      bigint NOT NULL,
  seal    bigint NOT NULL,
  folded  text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(address COLLATE "C")) STORED -- the key of a message knows no case either
);
CREATE INDEX suppression_address ON suppression (folded, id);

-- Which installation uses which secrets, by their fingerprints.
CREATE TABLE credential (
  host         text NOT NULL,
  installation text NOT NULL,
  account      text NOT NULL,
  option       text NOT NULL,
  print        text NOT NULL CHECK (print <> ''),
  environment  text NOT NULL,
  seen         bigint NOT NULL,
  PRIMARY KEY (host, installation, account, option)
);

-- What holds and somebody was told of, what every target is to be told, and how far each was.
CREATE TABLE alert (
  kind     text    NOT NULL,
  about    text    NOT NULL,
  severity text    NOT NULL,
  said     text    NOT NULL,
  next     text    NOT NULL,
  again    bigint NOT NULL, -- nanoseconds
  passing  boolean NOT NULL,
  since    bigint NOT NULL,
  told     bigint NOT NULL,
  PRIMARY KEY (kind, about)
);
CREATE TABLE notice (
  id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, -- old ones go, and their ids are not given again
  at       bigint NOT NULL,
  change   text    NOT NULL CHECK (change = 'began' OR change = 'holds' OR change = 'over'),
  kind     text    NOT NULL,
  about    text    NOT NULL,
  severity text    NOT NULL,
  said     text    NOT NULL,
  next     text    NOT NULL,
  again    bigint NOT NULL,
  passing  boolean NOT NULL,
  since    bigint NOT NULL
);
CREATE TABLE target (
  name       text PRIMARY KEY,
  reached    bigint NOT NULL, -- the id of the last notice that arrived
  not_before bigint NOT NULL,
  told       bigint NOT NULL,
  tries      bigint NOT NULL,
  error      text    NOT NULL
);

-- What arrived, as it came.
CREATE TABLE receipt (
  id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  hash     text    NOT NULL UNIQUE CHECK (hash <> ''),
  account  text    NOT NULL,
  format   text    NOT NULL, -- who reads it
  source   text    NOT NULL,
  head     bytea,
  raw      bytea    NOT NULL,
  grade    text    NOT NULL CHECK (grade IN ('unsigned', 'person', 'confirmed', 'signed', 'vendor')),
  at       bigint NOT NULL, -- when it arrived
  fate     text    NOT NULL CHECK (fate = 'new' OR fate = 'held' OR fate = 'settled' OR fate = 'refused'),
  why      text    NOT NULL DEFAULT '', -- it was refused, or what it said that is about no message
  tries    bigint NOT NULL DEFAULT 0, -- how often it was held
  due      bigint NOT NULL DEFAULT 0, -- of held, when to look again
  repeats  bigint NOT NULL DEFAULT 0, -- how often it came again
  ours     bigint NOT NULL DEFAULT 0, -- what its events were about; they add up
  foreigns bigint NOT NULL DEFAULT 0,
  late     bigint NOT NULL DEFAULT 0,
  contrary bigint NOT NULL DEFAULT 0,
  held     bigint NOT NULL DEFAULT 0
);
CREATE INDEX receipt_due ON receipt (due, id) WHERE fate = 'new' OR fate = 'held';

-- How the inbox of an account stands, written with the receipts.
CREATE TABLE inbox (
  account  text    PRIMARY KEY,
  last     bigint NOT NULL, -- when something arrived that was not refused; 0: never
  receipts bigint NOT NULL CHECK (receipts >= 0),
  repeats  bigint NOT NULL CHECK (repeats >= 0),
  waiting  bigint NOT NULL CHECK (waiting >= 0),
  refused  bigint NOT NULL CHECK (refused >= 0),
  ours     bigint NOT NULL CHECK (ours >= 0),
  foreigns bigint NOT NULL CHECK (foreigns >= 0),
  late     bigint NOT NULL CHECK (late >= 0),
  contrary bigint NOT NULL CHECK (contrary >= 0)
);

-- What was told of a message that was accepted, each state once, with the newest time and the best proof.
CREATE TABLE fact (
  campaign_id bigint NOT NULL,
  message_id bigint NOT NULL,
  state      text    NOT NULL CHECK (state IN ('delivered', 'undelivered', 'soft-bounce', 'hard-bounce', 'dropped', 'complained', 'opted-out', 'replied', 'clicked')),
  code       text    NOT NULL,
  detail     text    NOT NULL,
  grade      text    NOT NULL CHECK (grade IN ('unsigned', 'person', 'confirmed', 'signed', 'vendor')),
  at         bigint NOT NULL,
  segments   bigint NOT NULL,
  PRIMARY KEY (campaign_id, message_id, state)
);

-- How many messages of a campaign ended in which way, and of how many which further fact was told; written with the facts.
CREATE TABLE fact_tally (
  campaign_id bigint NOT NULL REFERENCES campaign (id),
  channel     text    NOT NULL,
  account     text    NOT NULL,
  state       text    NOT NULL,
  grade       text    NOT NULL,
  messages    bigint NOT NULL CHECK (messages >= 0),
  PRIMARY KEY (campaign_id, channel, account, state, grade)
);

-- How far something has come that goes on where it stopped.
CREATE TABLE bookmark (
  name  text PRIMARY KEY,
  value text NOT NULL
);

-- Every message, and how it stands. One without a record is being attempted where a range reaches it.
CREATE VIEW message_standing AS
SELECT m.id, m.campaign_id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint,
  CASE WHEN s.message_id IS NOT NULL THEN s.state WHEN c.id IS NOT NULL THEN 'attempting' ELSE 'pending' END AS state,
  CASE WHEN s.message_id IS NOT NULL THEN s.attempts WHEN c.id IS NOT NULL THEN 1 ELSE 0 END AS attempts,
  coalesce(s.over, 0) AS over, CASE WHEN s.message_id IS NOT NULL THEN s.claim_id ELSE c.id END AS claim_id,
  s.settled_at, s.code, s.vendor_id, s.detail, s.vendor_segments, coalesce(s.not_before, 0) AS not_before,
  coalesce(s.paced, 0) AS paced, s.why, s.message_id IS NOT NULL AS recorded
FROM message m
LEFT JOIN standing s ON s.campaign_id = m.campaign_id AND s.message_id = m.id
LEFT JOIN LATERAL (SELECT n.id FROM claim n WHERE s.message_id IS NULL AND n.campaign_id = m.campaign_id AND n.channel = m.channel
  AND n.last_id IS NOT NULL AND n.last_id >= m.id ORDER BY n.last_id LIMIT 1) c ON true;

-- The triggers guard what the program never does, so that neither a fault of it nor SQL by hand can. Those of what every message passes
-- through look at all rows of a statement at once. What a definition says must be what the server makes of its own words for it, as a dump has
-- those: rows of columns are therefore not compared in a trigger's WHEN.

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation';
END $$;

-- Ranges only go up, so that what was claimed by one is never claimed again, whatever became of the run.
CREATE FUNCTION claim_begins() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  at reach%ROWTYPE;
BEGIN
  NEW.reach_id := NULL;
  IF NEW.last_id IS NOT NULL THEN
    SELECT * INTO at FROM reach WHERE campaign_id = NEW.campaign_id AND channel = NEW.channel FOR UPDATE;
    IF (NEW.first_id <= NEW.last_id AND NEW.first_id > at.last_id) IS NOT TRUE THEN
      RAISE EXCEPTION USING MESSAGE = 'a message is claimed once', ERRCODE = 'integrity_constraint_violation';
    END IF;
    NEW.reach_id := at.id;
    UPDATE reach SET last_id = NEW.last_id, next_id = NEW.last_id + 1 WHERE id = at.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER claim_begins BEFORE INSERT ON claim FOR EACH ROW EXECUTE FUNCTION claim_begins();
CREATE TRIGGER claim_stands BEFORE UPDATE ON claim FOR EACH ROW EXECUTE FUNCTION refuse('a claim is not rewritten');
CREATE TRIGGER reach_goes_up BEFORE UPDATE ON reach FOR EACH ROW
  WHEN (NEW.last_id < OLD.last_id OR NEW.campaign_id <> OLD.campaign_id OR NEW.channel <> OLD.channel OR NEW.id <> OLD.id)
  EXECUTE FUNCTION refuse('a reach only goes up');

-- A message gets its standing with what came of its claim, or before it was claimed: held, or cancelled.
CREATE FUNCTION standing_begins() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh n LEFT JOIN claim c ON c.id = n.claim_id
    WHERE (n.over = 0 AND CASE
      WHEN n.state IN ('accepted', 'unknown', 'attempting') THEN (n.settled_at IS NULL) = (n.state = 'attempting')
        AND c.first_id <= n.message_id AND c.last_id >= n.message_id AND c.campaign_id = n.campaign_id AND c.channel = n.channel
      WHEN n.state IN ('pending', 'cancelled') THEN n.attempts = 0 AND n.message_id > (SELECT r.last_id FROM reach r
        WHERE r.campaign_id = n.campaign_id AND r.channel = n.channel)
      END) IS NOT TRUE) THEN
    RAISE EXCEPTION USING MESSAGE = 'a message does not begin that way', ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER standing_begins AFTER INSERT ON standing REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION standing_begins();

-- The one way through the states: an attempt begins on a pending message, under a newer claim; it is accepted, or unknown,
-- or over, and then with its record in attempt; what is accepted stays as it is, word for word.
CREATE FUNCTION standing_moves() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh n LEFT JOIN old_rows o ON o.campaign_id = n.campaign_id AND o.message_id = n.message_id
    WHERE (o.channel = n.channel) IS NOT TRUE) THEN
    RAISE EXCEPTION USING MESSAGE = 'a message is not rewritten', ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh n JOIN old_rows o ON o.campaign_id = n.campaign_id AND o.message_id = n.message_id
    WHERE (n.state, n.attempts, n.over, n.claim_id, n.code, n.detail, n.vendor_id, n.vendor_segments, n.settled_at) IS DISTINCT FROM
      (o.state, o.attempts, o.over, o.claim_id, o.code, o.detail, o.vendor_id, o.vendor_segments, o.settled_at)
    AND (CASE o.state
      WHEN 'pending' THEN n.over = o.over AND (
        n.state = 'attempting' AND n.attempts = o.attempts + 1 AND n.claim_id > coalesce(o.claim_id, 0)
        OR n.state = 'cancelled' AND n.attempts = o.attempts AND n.claim_id IS NOT DISTINCT FROM o.claim_id)
      WHEN 'attempting' THEN n.attempts = o.attempts AND n.claim_id = o.claim_id AND (
        n.state IN ('accepted', 'unknown') AND n.settled_at IS NOT NULL OR n.state IN ('pending', 'rejected') AND n.over = o.over + 1)
      WHEN 'unknown' THEN n.attempts = o.attempts AND n.claim_id = o.claim_id AND (
        n.state = 'accepted' OR n.state IN ('rejected', 'pending') AND n.over = o.over + 1)
      WHEN 'rejected' THEN n.state IN ('pending', 'cancelled') AND n.attempts = o.attempts AND n.over = o.over AND n.claim_id = o.claim_id
      WHEN 'cancelled' THEN n.state = 'pending' AND o.why = 'list'
        AND n.attempts = o.attempts AND n.over = o.over AND n.claim_id IS NOT DISTINCT FROM o.claim_id
      ELSE false END) IS NOT TRUE) THEN
    RAISE EXCEPTION USING MESSAGE = 'a message does not go that way', ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh n JOIN old_rows o ON o.campaign_id = n.campaign_id AND o.message_id = n.message_id
    WHERE n.over <> o.over AND NOT EXISTS (SELECT 1 FROM attempt a
      WHERE a.campaign_id = o.campaign_id AND a.message_id = o.message_id AND a.number = o.attempts)) THEN
    RAISE EXCEPTION USING MESSAGE = 'an attempt that is over is recorded', ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER standing_moves AFTER UPDATE ON standing REFERENCING OLD TABLE AS old_rows NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION standing_moves();

-- To write that an attempt is over takes its message along.
CREATE FUNCTION attempt_is_over() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh n LEFT JOIN standing s ON s.campaign_id = n.campaign_id AND s.message_id = n.message_id
    WHERE (s.attempts = n.number AND s.claim_id = n.claim_id AND s.state IN ('attempting', 'unknown')) IS NOT TRUE) THEN
    RAISE EXCEPTION USING MESSAGE = 'only the attempt that is open or unknown can be over', ERRCODE = 'integrity_constraint_violation';
  END IF;
  UPDATE standing s SET
    state = CASE n.outcome WHEN 'rejected' THEN 'rejected' ELSE 'pending' END, over = s.over + 1, not_before = n.retry_at,
    code = n.code, detail = n.detail, vendor_id = n.vendor_id, vendor_segments = n.vendor_segments, settled_at = n.settled_at, seal = NULL
  FROM fresh n WHERE s.campaign_id = n.campaign_id AND s.message_id = n.message_id;
  RETURN NULL;
END $$;
CREATE TRIGGER attempt_is_over AFTER INSERT ON attempt REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION attempt_is_over();
CREATE TRIGGER attempt_stands BEFORE UPDATE ON attempt FOR EACH ROW WHEN (OLD.seal IS NOT NULL) EXECUTE FUNCTION refuse('an attempt is not rewritten');
CREATE TRIGGER resolution_stands BEFORE UPDATE ON resolution FOR EACH ROW WHEN (OLD.seal IS NOT NULL)
  EXECUTE FUNCTION refuse('a resolution is not rewritten');
-- Somebody may be forgotten: then his address is, and nothing else changes.
CREATE TRIGGER message_who_stands BEFORE UPDATE OF id, campaign_id, channel, key, address ON message FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.campaign_id IS DISTINCT FROM OLD.campaign_id
    OR NEW.channel IS DISTINCT FROM OLD.channel OR NEW.key IS DISTINCT FROM OLD.key OR NEW.address NOT LIKE 'forgotten:%')
  EXECUTE FUNCTION refuse('a message is not rewritten');
CREATE TRIGGER campaign_ends_once BEFORE UPDATE OF aborted_at ON campaign FOR EACH ROW WHEN (OLD.aborted_at IS NOT NULL)
  EXECUTE FUNCTION refuse('an aborted campaign stays aborted');
CREATE TRIGGER campaign_name_stands BEFORE UPDATE OF id, name ON campaign FOR EACH ROW EXECUTE FUNCTION refuse('a campaign keeps its name');
CREATE TRIGGER run_ends_once BEFORE UPDATE OF ended ON run FOR EACH ROW WHEN (OLD.ended IS NOT NULL) EXECUTE FUNCTION refuse('a run ends once');
-- The fence: one turn after the other, and none of a run that has ended.
CREATE TRIGGER run_takes_turns BEFORE UPDATE OF turn ON run FOR EACH ROW WHEN (NEW.turn <> OLD.turn + 1 OR OLD.ended IS NOT NULL)
  EXECUTE FUNCTION refuse('a run takes one turn after the other');
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse('the audit log is not rewritten');
CREATE TRIGGER signoff_stands BEFORE UPDATE OF id, campaign, item, role, name, who, at, digest, parts, checked, evidence, signature ON signoff FOR EACH ROW
  EXECUTE FUNCTION refuse('a sign-off is not rewritten');
CREATE TRIGGER signoff_revoked_once BEFORE UPDATE OF revoked_at, revoked_who, revoked_what, revoked_reason ON signoff FOR EACH ROW
  WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION refuse('a sign-off is revoked once');
CREATE TRIGGER rehearsal_stands BEFORE UPDATE ON rehearsal FOR EACH ROW EXECUTE FUNCTION refuse('a rehearsal is not rewritten');
CREATE TRIGGER suppression_stands BEFORE UPDATE ON suppression FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.channel IS DISTINCT FROM OLD.channel OR NEW.reason IS DISTINCT FROM OLD.reason
    OR NEW.who IS DISTINCT FROM OLD.who OR NEW.at IS DISTINCT FROM OLD.at OR NEW.address NOT LIKE 'forgotten:%')
  EXECUTE FUNCTION refuse('a line of the suppression list is not rewritten');
CREATE FUNCTION suppression_turns() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF (NEW.reason IS NOT NULL) = coalesce((SELECT reason IS NOT NULL FROM suppression
      WHERE folded = lower(NEW.address COLLATE "C") ORDER BY id DESC LIMIT 1), false) THEN
    RAISE EXCEPTION USING MESSAGE = 'an address is put on the list once, and taken off once', ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER suppression_turns BEFORE INSERT ON suppression FOR EACH ROW EXECUTE FUNCTION suppression_turns();

CREATE TRIGGER receipt_stands BEFORE UPDATE OF id, hash, account, format, source, head, raw, grade, at ON receipt FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.hash IS DISTINCT FROM OLD.hash OR NEW.account IS DISTINCT FROM OLD.account
    OR NEW.format IS DISTINCT FROM OLD.format OR NEW.source IS DISTINCT FROM OLD.source OR NEW.grade IS DISTINCT FROM OLD.grade
    OR NEW.at IS DISTINCT FROM OLD.at OR NEW.head IS NOT NULL OR length(NEW.raw) > 0 OR OLD.fate IN ('new', 'held'))
  EXECUTE FUNCTION refuse('what arrived is not rewritten');
CREATE TRIGGER receipt_stays BEFORE DELETE OR TRUNCATE ON receipt FOR EACH STATEMENT EXECUTE FUNCTION refuse('what arrived is kept');
CREATE TRIGGER campaign_stays BEFORE DELETE OR TRUNCATE ON campaign FOR EACH STATEMENT EXECUTE FUNCTION refuse('campaigns are kept');
CREATE TRIGGER message_stays BEFORE DELETE OR TRUNCATE ON message FOR EACH STATEMENT EXECUTE FUNCTION refuse('messages are kept');
CREATE TRIGGER run_stays BEFORE DELETE OR TRUNCATE ON run FOR EACH STATEMENT EXECUTE FUNCTION refuse('runs are kept');
CREATE TRIGGER reach_stays BEFORE DELETE OR TRUNCATE ON reach FOR EACH STATEMENT EXECUTE FUNCTION refuse('a reach is kept');
CREATE TRIGGER claim_stays BEFORE DELETE OR TRUNCATE ON claim FOR EACH STATEMENT EXECUTE FUNCTION refuse('claims are kept');
CREATE TRIGGER standing_stays BEFORE DELETE OR TRUNCATE ON standing FOR EACH STATEMENT
  EXECUTE FUNCTION refuse('what came of a message is kept');
CREATE TRIGGER attempt_stays BEFORE DELETE OR TRUNCATE ON attempt FOR EACH STATEMENT EXECUTE FUNCTION refuse('attempts are kept');
CREATE TRIGGER resolution_stays BEFORE DELETE OR TRUNCATE ON resolution FOR EACH STATEMENT EXECUTE FUNCTION refuse('resolutions are kept');
CREATE TRIGGER audit_stays BEFORE DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse('the audit log is kept');
CREATE TRIGGER signoff_stays BEFORE DELETE OR TRUNCATE ON signoff FOR EACH STATEMENT EXECUTE FUNCTION refuse('sign-offs are kept');
CREATE TRIGGER rehearsal_stays BEFORE DELETE OR TRUNCATE ON rehearsal FOR EACH STATEMENT EXECUTE FUNCTION refuse('rehearsals are kept');
CREATE TRIGGER suppression_stays BEFORE DELETE OR TRUNCATE ON suppression FOR EACH STATEMENT
  EXECUTE FUNCTION refuse('lines of the suppression list are kept');
