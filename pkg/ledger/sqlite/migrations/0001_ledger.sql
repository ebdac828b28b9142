-- The whole ledger. Times are nanoseconds since 1970 in UTC, 0 for none. Money is in millionths. States are the words of pkg/message;
-- channels are its entries, which no constraint names: a new one is no change of the schema.
-- A seal is a checksum of the row's other columns (seal.go); it is NULL only while a transaction is under way.
-- Alternatives are written with OR: for IN with more than two words SQLite fills a temporary table each time it looks.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE campaign (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE CHECK (name <> ''),
  digest     TEXT    NOT NULL,
  spec       BLOB    NOT NULL,
  created    INTEGER NOT NULL,
  staged     INTEGER NOT NULL,
  recipients INTEGER NOT NULL DEFAULT 0, -- rows of the newest list
  folded     INTEGER NOT NULL DEFAULT 0, -- how many of its messages are told through those of other rows
  people     INTEGER NOT NULL DEFAULT 0, -- recipients that were staged and not left out since, of all parts
  ordered    INTEGER NOT NULL DEFAULT 0, -- 1: ids of messages follow the rows of the list, so that reading needs no sort
  first_id   INTEGER NOT NULL DEFAULT 0, -- its messages are within these ids
  last_id    INTEGER NOT NULL DEFAULT 0,
  paused_at  INTEGER, paused_who  TEXT, paused_what  TEXT, paused_reason  TEXT,
  aborted_at INTEGER, aborted_who TEXT, aborted_what TEXT, aborted_reason TEXT,
  seal       INTEGER
);
CREATE INDEX campaign_unsealed ON campaign (id) WHERE seal IS NULL;

-- A row of a list. The rows of an older list stay for as long as a message that left is about them.
CREATE TABLE recipient (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL,
  row         INTEGER NOT NULL,
  key         TEXT    NOT NULL,
  fields      BLOB    NOT NULL
);

-- To whom and what; how it stands is a record of its own. recipient_id and campaign_id are not declared REFERENCES: the check would
-- cost a third of staging. Verify makes it.
CREATE TABLE message (
  id           INTEGER PRIMARY KEY,
  campaign_id  INTEGER NOT NULL,
  recipient_id INTEGER NOT NULL,
  channel      TEXT    NOT NULL CHECK (channel <> ''),
  key          TEXT    NOT NULL,
  address      TEXT    NOT NULL,
  segments     INTEGER NOT NULL,
  fingerprint  INTEGER NOT NULL,
  seal         INTEGER NOT NULL -- of its recipient, too
);
CREATE UNIQUE INDEX message_key ON message (campaign_id, key);

-- What the newest list says of a message that it could not change any more: applied if the message goes back to pending.
-- recipient_id NULL: it is no longer on the list.
CREATE TABLE relist (
  message_id   INTEGER PRIMARY KEY REFERENCES message (id),
  recipient_id INTEGER,
  segments     INTEGER,
  fingerprint  INTEGER,
  seal         INTEGER NOT NULL -- that of the message, where this is applied
);

-- The fingerprints of a campaign's messages, also of earlier lists, and of their addresses: 64 bits each, the least byte first, sorted within a piece.
CREATE TABLE prints (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  piece       INTEGER NOT NULL,
  prints      BLOB    NOT NULL,
  seal        INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, piece)
);

CREATE TABLE fold (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  key         TEXT    NOT NULL, -- of the message that the row is told through
  row         INTEGER NOT NULL,
  recipient   TEXT    NOT NULL,
  seal        INTEGER NOT NULL,
  staging     INTEGER NOT NULL, -- which of the campaign's said so: those of other parts of the list stay
  PRIMARY KEY (campaign_id, key, row)
) WITHOUT ROWID;

-- A process at work on a campaign. There may be several at the same time.
CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  host        TEXT    NOT NULL,
  pid         INTEGER NOT NULL,
  process     INTEGER NOT NULL, -- when the process of that number began; 0: not known
  user        TEXT    NOT NULL,
  machine     TEXT    NOT NULL, -- the start of the system on which it holds a file lock for as long as its process lives; empty where it holds none
  slot        INTEGER NOT NULL, -- which of the campaign's locks on that machine; 0 for none
  pace        TEXT    NOT NULL, -- what the rates of the domains were: places were given under them
  started     INTEGER NOT NULL,
  beat        INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  turn        INTEGER NOT NULL DEFAULT 0, -- the number of its last turn
  sent        INTEGER NOT NULL DEFAULT 0, -- messages that were accepted from it
  waiting     TEXT    NOT NULL DEFAULT '', -- what it waits for, with its last turn
  ended       INTEGER,
  why         TEXT
);
CREATE INDEX run_live ON run (campaign_id) WHERE ended IS NULL;
CREATE UNIQUE INDEX run_slot ON run (campaign_id, machine, slot) WHERE ended IS NULL AND slot > 0;

-- How far a channel was handed out: up to last_id by ranges; below next_id no message is pending that has no standing.
CREATE TABLE reach (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  channel     TEXT    NOT NULL,
  last_id     INTEGER NOT NULL DEFAULT 0,
  next_id     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (campaign_id, channel)
) WITHOUT ROWID;

-- Messages granted to a run at once, for one account. Those between first_id and last_id that had no standing then are attempted because
-- this row says so, and it is on disk before any of them leaves; the others have a standing that names it.
CREATE TABLE claim (
  id          INTEGER PRIMARY KEY,
  run_id      INTEGER NOT NULL,
  turn        INTEGER NOT NULL, -- of the run
  campaign_id INTEGER NOT NULL,
  channel     TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  currency    TEXT    NOT NULL,
  day         TEXT    NOT NULL, -- on which they were debited
  scenario    TEXT    NOT NULL DEFAULT '', -- of the account, debited as well; empty for none
  price       INTEGER NOT NULL, -- for one segment
  claimed_at  INTEGER NOT NULL,
  deadline    INTEGER NOT NULL, -- after it none of them begins to leave
  first_id    INTEGER,
  last_id     INTEGER,
  seal        INTEGER NOT NULL
);
CREATE INDEX claim_range ON claim (campaign_id, channel, last_id) WHERE last_id IS NOT NULL;

-- How a message stands that is not simply pending, or attempted with the others of its claim.
CREATE TABLE standing (
  message_id      INTEGER PRIMARY KEY,
  campaign_id     INTEGER NOT NULL,
  channel         TEXT    NOT NULL,
  state           TEXT    NOT NULL
                  CHECK (state = 'accepted' OR state = 'pending' OR state = 'attempting' OR state = 'unknown' OR state = 'rejected' OR state = 'cancelled'),
  attempts        INTEGER NOT NULL DEFAULT 0,
  over            INTEGER NOT NULL DEFAULT 0, -- how many of them are: definitely not accepted
  -- The newest attempt.
  claim_id        INTEGER,
  settled_at      INTEGER,
  code            TEXT,
  vendor_id       TEXT,
  detail          TEXT,
  vendor_segments INTEGER,
  not_before      INTEGER NOT NULL DEFAULT 0,
  -- How a pending message stands to its domain's rate: 0 not held, 1 not_before is its place, 2 to be looked at again then.
  paced           INTEGER NOT NULL DEFAULT 0 CHECK (paced = 0 OR paced = 1 OR paced = 2),
  why             TEXT    CHECK (why IN ('list', 'abort')), -- of cancelled: left out by a list, or by an abort
  seal            INTEGER,
  -- At most one attempt is not over: whatever the program does.
  CHECK (attempts = over + (state = 'accepted' OR state = 'attempting' OR state = 'unknown'))
);
-- Pending messages that have a standing: they were tried before, held, or left out for a while. All others are read in the order
-- of their ids, from where the reach is: an index of them would have to be written for every message.
CREATE INDEX standing_again ON standing (campaign_id, channel, not_before) WHERE state = 'pending' AND paced = 0;
CREATE INDEX standing_paced ON standing (campaign_id, channel, not_before) WHERE state = 'pending' AND paced > 0;
-- What somebody should look at.
CREATE INDEX standing_noted ON standing (campaign_id, state, code) WHERE state = 'unknown' OR state = 'rejected';
-- What is attempted once more, or had waited: the others have no record while they are open.
CREATE INDEX standing_open ON standing (campaign_id, claim_id) WHERE state = 'attempting';
CREATE INDEX standing_unsealed ON standing (message_id) WHERE seal IS NULL;

-- An attempt that is over.
CREATE TABLE attempt (
  message_id      INTEGER NOT NULL,
  number          INTEGER NOT NULL, -- 1 is the first of the message
  claim_id        INTEGER NOT NULL,
  segments        INTEGER NOT NULL,
  outcome         TEXT    NOT NULL CHECK (outcome = 'rejected' OR outcome = 'throttled' OR outcome = 'refused' OR outcome = 'unsent'),
  reason          TEXT,
  code            TEXT,
  detail          TEXT,
  vendor_id       TEXT,
  vendor_segments INTEGER,
  settled_at      INTEGER NOT NULL,
  retry_at        INTEGER NOT NULL DEFAULT 0,
  seal            INTEGER,
  PRIMARY KEY (message_id, number)
) WITHOUT ROWID;
CREATE INDEX attempt_unsealed ON attempt (message_id) WHERE seal IS NULL;

-- What vendors call messages: 32 bits of each id, the messages by them. What was put in order together is a generation, sorted by prints: each row
-- some 190 of them, behind the first one and its message. In a row each stands as how far its print is from the one before (uvarint), and its
-- message and its campaign (varints). What a transaction settled is a row of the second table, until it is put in order in the first: as many pairs
-- of 4 bytes, the least first, and how far the message's id is from the one before, as a varint.
CREATE TABLE vendor_print (
  generation INTEGER NOT NULL,
  print      INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  prints     BLOB    NOT NULL,
  PRIMARY KEY (generation, print, message_id)
);
CREATE TABLE vendor_print_new (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL,
  messages    INTEGER NOT NULL,
  prints      BLOB    NOT NULL
);

-- An attempt that was unknown, and what evidence or a person made of it.
CREATE TABLE resolution (
  message_id INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  outcome    TEXT    NOT NULL CHECK (outcome = 'accepted' OR outcome = 'rejected' OR outcome = 'unsent'),
  unknown_at INTEGER NOT NULL, -- since when it was unknown
  at         INTEGER NOT NULL,
  who        TEXT    NOT NULL,
  why        TEXT    NOT NULL,
  grade      TEXT    NOT NULL CHECK (grade = 'person' OR grade = 'confirmed' OR grade = 'signed' OR grade = 'vendor'), -- of the proof
  seal       INTEGER,
  PRIMARY KEY (message_id, number)
) WITHOUT ROWID;
CREATE INDEX resolution_unsealed ON resolution (message_id) WHERE seal IS NULL;

-- What all processes share about an account, or, under "account/scenario", about a kind of its traffic.
CREATE TABLE account (
  name       TEXT    PRIMARY KEY,
  empty_at   INTEGER NOT NULL DEFAULT 0,
  scale      REAL    NOT NULL DEFAULT 1,
  not_before INTEGER NOT NULL DEFAULT 0,
  failures   INTEGER NOT NULL DEFAULT 0,
  open_until INTEGER NOT NULL DEFAULT 0,
  since      INTEGER NOT NULL DEFAULT 0, -- when not_before or open_until was set
  reason     TEXT    NOT NULL DEFAULT '',
  error      TEXT    NOT NULL DEFAULT '',
  error_at   INTEGER NOT NULL DEFAULT 0,
  weight     INTEGER CHECK (weight >= 0), -- in place of the configured one
  off_at INTEGER, off_who TEXT, off_what TEXT, off_reason TEXT -- who switched it off
) WITHOUT ROWID;

-- How far a campaign has come that goes out in waves.
CREATE TABLE wave (
  campaign_id INTEGER PRIMARY KEY REFERENCES campaign (id),
  number      INTEGER NOT NULL CHECK (number >= 0), -- how many are over
  held        INTEGER NOT NULL,                     -- since when it is out; 0: it is not
  asked       INTEGER NOT NULL                      -- 1: a person is to say that it goes on
);

-- How accounts stand to the domains that they send to: when the newest message leaves, the last place given to one that waits, and how a domain is
-- held back. Each row has what one transaction changed; now and then one has all, and those before it are gone.
CREATE TABLE domain_pace (
  id      INTEGER PRIMARY KEY,
  whole   INTEGER NOT NULL, -- 1: it has all
  entries BLOB    NOT NULL
);

CREATE TABLE usage (
  account  TEXT    NOT NULL, -- or account/scenario
  day      TEXT    NOT NULL,
  messages INTEGER NOT NULL CHECK (messages >= 0),
  segments INTEGER NOT NULL CHECK (segments >= 0),
  cost     INTEGER NOT NULL CHECK (cost >= 0),
  last     INTEGER NOT NULL, -- when the newest of it was debited: another zone has other days
  PRIMARY KEY (account, day)
) WITHOUT ROWID;

-- How many messages of a campaign are in which state, written with the states. account is that of the newest attempt, empty for what is
-- pending or cancelled; run_id is set for what is being attempted. Segments are of what is pending, and with their cost of what is
-- debited: attempted, accepted, unknown.
CREATE TABLE tally (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  channel     TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  currency    TEXT    NOT NULL,
  run_id      INTEGER NOT NULL,
  messages    INTEGER NOT NULL CHECK (messages >= 0),
  segments    INTEGER NOT NULL CHECK (segments >= 0),
  cost        INTEGER NOT NULL CHECK (cost >= 0),
  seal        INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, channel, state, account, currency, run_id)
) WITHOUT ROWID;

-- A chain: the hash of an entry covers its other columns and the hash of the one before it. No id is left out.
CREATE TABLE audit (
  id       INTEGER PRIMARY KEY,
  campaign TEXT    NOT NULL,
  who      TEXT    NOT NULL,
  as_name  TEXT    NOT NULL, -- the name that the person gave
  what     TEXT    NOT NULL,
  reason   TEXT    NOT NULL, -- as a person typed it
  said     TEXT    NOT NULL, -- what the program says of it: an id with arguments
  figures  TEXT    NOT NULL, -- JSON object, or empty
  at       INTEGER NOT NULL,
  hash     TEXT    NOT NULL CHECK (length(hash) = 64)
);

CREATE TABLE preflight (
  id       INTEGER PRIMARY KEY,
  campaign TEXT    NOT NULL,
  digest   TEXT    NOT NULL,
  verdict  TEXT    NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail')),
  result   BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  who      TEXT    NOT NULL
);
CREATE INDEX preflight_digest ON preflight (campaign, digest);

-- A line of a checklist that a person answers for, for exactly one plan.
CREATE TABLE signoff (
  id       INTEGER PRIMARY KEY,
  campaign TEXT    NOT NULL CHECK (campaign <> ''), -- a name: it may be signed before it is staged
  item     TEXT    NOT NULL CHECK (item <> ''),
  role     TEXT    NOT NULL,
  name     TEXT    NOT NULL CHECK (name <> ''),
  who      TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  digest   TEXT    NOT NULL CHECK (digest <> ''),
  parts    TEXT    NOT NULL, -- JSON object
  checked  INTEGER NOT NULL,
  evidence BLOB,
  signature TEXT NOT NULL DEFAULT '', -- of the person's SSH key, armored; empty for none
  revoked_at INTEGER, revoked_who TEXT, revoked_what TEXT, revoked_reason TEXT
);
CREATE INDEX signoff_campaign ON signoff (campaign);

-- A campaign that was sent whole to a sandbox: what it proves, and since when.
CREATE TABLE rehearsal (
  id         INTEGER PRIMARY KEY,
  campaign   TEXT    NOT NULL CHECK (campaign <> ''), -- a name: it need not be staged here
  digest     TEXT    NOT NULL CHECK (digest <> ''),
  recipients INTEGER NOT NULL CHECK (recipients >= 0),
  messages   INTEGER NOT NULL CHECK (messages >= 0),
  reached    INTEGER NOT NULL CHECK (reached >= 0),
  rate       REAL    NOT NULL CHECK (rate >= 0),
  speed      REAL    NOT NULL CHECK (speed > 0),
  took       INTEGER NOT NULL CHECK (took >= 0), -- nanoseconds
  memory     INTEGER NOT NULL CHECK (memory >= 0), -- bytes
  faults     TEXT    NOT NULL, -- JSON object: how many messages met which
  complete   INTEGER NOT NULL CHECK (complete IN (0, 1)),
  at         INTEGER NOT NULL
);

-- Addresses that are never to be sent to, as a log: the newest line of an address says how it stands.
CREATE TABLE suppression (
  id      INTEGER PRIMARY KEY,
  address TEXT    NOT NULL COLLATE NOCASE CHECK (address <> ''), -- the key of a message knows no case either
  channel TEXT    NOT NULL CHECK (channel <> ''),
  reason  TEXT    CHECK (reason = 'opt-out' OR reason = 'hard-bounce' OR reason = 'complaint' OR reason = 'other'), -- NULL: taken off
  note    TEXT    NOT NULL CHECK (reason IS NOT NULL OR note <> ''),
  who     TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  seal    INTEGER NOT NULL
);
CREATE INDEX suppression_address ON suppression (address, id);

-- Which installation uses which secrets, by their fingerprints.
CREATE TABLE credential (
  host         TEXT    NOT NULL,
  installation TEXT    NOT NULL,
  account      TEXT    NOT NULL,
  option       TEXT    NOT NULL,
  print        TEXT    NOT NULL CHECK (print <> ''),
  environment  TEXT    NOT NULL,
  seen         INTEGER NOT NULL,
  PRIMARY KEY (host, installation, account, option)
) WITHOUT ROWID;

-- What holds and somebody was told of, what every target is to be told, and how far each was.
CREATE TABLE alert (
  kind     TEXT    NOT NULL,
  about    TEXT    NOT NULL,
  severity TEXT    NOT NULL,
  said     TEXT    NOT NULL,
  next     TEXT    NOT NULL,
  again    INTEGER NOT NULL, -- nanoseconds
  passing  INTEGER NOT NULL,
  since    INTEGER NOT NULL,
  told     INTEGER NOT NULL,
  PRIMARY KEY (kind, about)
) WITHOUT ROWID;
CREATE TABLE notice (
  id       INTEGER PRIMARY KEY AUTOINCREMENT, -- old ones go, and their ids are not given again
  at       INTEGER NOT NULL,
  change   TEXT    NOT NULL CHECK (change = 'began' OR change = 'holds' OR change = 'over'),
  kind     TEXT    NOT NULL,
  about    TEXT    NOT NULL,
  severity TEXT    NOT NULL,
  said     TEXT    NOT NULL,
  next     TEXT    NOT NULL,
  again    INTEGER NOT NULL,
  passing  INTEGER NOT NULL,
  since    INTEGER NOT NULL
);
CREATE TABLE target (
  name       TEXT PRIMARY KEY,
  reached    INTEGER NOT NULL, -- the id of the last notice that arrived
  not_before INTEGER NOT NULL,
  told       INTEGER NOT NULL,
  tries      INTEGER NOT NULL,
  error      TEXT    NOT NULL
) WITHOUT ROWID;

-- What arrived, as it came.
CREATE TABLE receipt (
  id       INTEGER PRIMARY KEY,
  hash     TEXT    NOT NULL UNIQUE CHECK (hash <> ''),
  account  TEXT    NOT NULL,
  format   TEXT    NOT NULL, -- who reads it
  source   TEXT    NOT NULL,
  head     BLOB,
  raw      BLOB    NOT NULL,
  grade    TEXT    NOT NULL CHECK (grade IN ('unsigned', 'person', 'confirmed', 'signed', 'vendor')),
  at       INTEGER NOT NULL, -- when it arrived
  fate     TEXT    NOT NULL CHECK (fate = 'new' OR fate = 'held' OR fate = 'settled' OR fate = 'refused'),
  why      TEXT    NOT NULL DEFAULT '', -- it was refused, or what it said that is about no message
  tries    INTEGER NOT NULL DEFAULT 0, -- how often it was held
  due      INTEGER NOT NULL DEFAULT 0, -- of held, when to look again
  repeats  INTEGER NOT NULL DEFAULT 0, -- how often it came again
  ours     INTEGER NOT NULL DEFAULT 0, -- what its events were about; they add up
  foreigns INTEGER NOT NULL DEFAULT 0,
  late     INTEGER NOT NULL DEFAULT 0,
  contrary INTEGER NOT NULL DEFAULT 0,
  held     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX receipt_due ON receipt (due, id) WHERE fate = 'new' OR fate = 'held';

-- How the inbox of an account stands, written with the receipts.
CREATE TABLE inbox (
  account  TEXT    PRIMARY KEY,
  last     INTEGER NOT NULL, -- when something arrived that was not refused; 0: never
  receipts INTEGER NOT NULL CHECK (receipts >= 0),
  repeats  INTEGER NOT NULL CHECK (repeats >= 0),
  waiting  INTEGER NOT NULL CHECK (waiting >= 0),
  refused  INTEGER NOT NULL CHECK (refused >= 0),
  ours     INTEGER NOT NULL CHECK (ours >= 0),
  foreigns INTEGER NOT NULL CHECK (foreigns >= 0),
  late     INTEGER NOT NULL CHECK (late >= 0),
  contrary INTEGER NOT NULL CHECK (contrary >= 0)
) WITHOUT ROWID;

-- What was told of a message that was accepted, each state once, with the newest time and the best proof.
CREATE TABLE fact (
  campaign_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('delivered', 'undelivered', 'soft-bounce', 'hard-bounce', 'dropped', 'complained', 'opted-out', 'replied', 'clicked')),
  code       TEXT    NOT NULL,
  detail     TEXT    NOT NULL,
  grade      TEXT    NOT NULL CHECK (grade IN ('unsigned', 'person', 'confirmed', 'signed', 'vendor')),
  at         INTEGER NOT NULL,
  segments   INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, message_id, state)
) WITHOUT ROWID;

-- How many messages of a campaign ended in which way, and of how many which further fact was told; written with the facts.
CREATE TABLE fact_tally (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  channel     TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  grade       TEXT    NOT NULL,
  messages    INTEGER NOT NULL CHECK (messages >= 0),
  PRIMARY KEY (campaign_id, channel, account, state, grade)
) WITHOUT ROWID;

-- How far something has come that goes on where it stopped.
CREATE TABLE bookmark (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Every message, and how it stands. One without a record is being attempted where a range reaches it.
CREATE VIEW message_standing AS
SELECT m.id, m.campaign_id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint,
  CASE WHEN s.message_id IS NOT NULL THEN s.state WHEN c.id IS NOT NULL THEN 'attempting' ELSE 'pending' END AS state,
  CASE WHEN s.message_id IS NOT NULL THEN s.attempts ELSE c.id IS NOT NULL END AS attempts,
  ifnull(s.over, 0) AS over, CASE WHEN s.message_id IS NOT NULL THEN s.claim_id ELSE c.id END AS claim_id,
  s.settled_at, s.code, s.vendor_id, s.detail, s.vendor_segments, ifnull(s.not_before, 0) AS not_before,
  ifnull(s.paced, 0) AS paced, s.why, s.message_id IS NOT NULL AS recorded
FROM message m
LEFT JOIN standing s ON s.message_id = m.id
LEFT JOIN claim c ON c.id = CASE WHEN s.message_id IS NULL THEN (SELECT n.id FROM claim n
  WHERE n.campaign_id = m.campaign_id AND n.channel = m.channel AND n.last_id >= m.id ORDER BY n.last_id LIMIT 1) END;

-- The triggers guard what the program never does, so that neither a fault of it nor SQL by hand can. They stop with FAIL
-- and before the row is touched: ABORT would keep a journal for every statement, which costs a quarter of a claim.

-- Ranges only go up, so that what was claimed by one is never claimed again, whatever became of the run.
CREATE TRIGGER claim_begins BEFORE INSERT ON claim
WHEN NEW.last_id IS NOT NULL AND (NEW.first_id <= NEW.last_id AND NEW.first_id > (SELECT last_id FROM reach
    WHERE campaign_id = NEW.campaign_id AND channel = NEW.channel)) IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'a message is claimed once');
END;
CREATE TRIGGER claim_reaches AFTER INSERT ON claim WHEN NEW.last_id IS NOT NULL BEGIN
  UPDATE reach SET last_id = NEW.last_id, next_id = NEW.last_id + 1 WHERE campaign_id = NEW.campaign_id AND channel = NEW.channel;
END;
CREATE TRIGGER reach_goes_up BEFORE UPDATE ON reach
WHEN NEW.last_id < OLD.last_id OR NEW.campaign_id <> OLD.campaign_id OR NEW.channel <> OLD.channel BEGIN
  SELECT RAISE(FAIL, 'a reach only goes up');
END;
CREATE TRIGGER reach_stays BEFORE DELETE ON reach BEGIN
  SELECT RAISE(FAIL, 'a reach is kept');
END;
-- A message gets its standing with what came of its claim, or before it was claimed: held, or cancelled. This is the path of every
-- message: it looks into its claim, and into the reach only for the others.
CREATE TRIGGER standing_begins BEFORE INSERT ON standing
WHEN NEW.over = 0 AND CASE
  WHEN NEW.state = 'accepted' OR NEW.state = 'unknown' OR NEW.state = 'attempting' THEN (NEW.settled_at IS NULL) = (NEW.state = 'attempting')
    AND (SELECT c.first_id <= NEW.message_id AND c.last_id >= NEW.message_id AND c.campaign_id = NEW.campaign_id AND c.channel = NEW.channel
      FROM claim c WHERE c.id = NEW.claim_id)
  WHEN NEW.state = 'pending' OR NEW.state = 'cancelled' THEN NEW.attempts = 0 AND NEW.message_id > (SELECT last_id FROM reach
    WHERE campaign_id = NEW.campaign_id AND channel = NEW.channel)
  END IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'a message does not begin that way');
END;
-- The one way through the states: an attempt begins on a pending message, under a newer claim; it is accepted, or unknown,
-- or over; what is accepted stays as it is, word for word.
CREATE TRIGGER standing_moves
BEFORE UPDATE OF state, attempts, over, claim_id, code, detail, vendor_id, vendor_segments, settled_at ON standing
WHEN CASE OLD.state
  WHEN 'pending' THEN NEW.over = OLD.over AND (
    NEW.state = 'attempting' AND NEW.attempts = OLD.attempts + 1 AND NEW.claim_id > ifnull(OLD.claim_id, 0)
    OR NEW.state = 'cancelled' AND NEW.attempts = OLD.attempts AND NEW.claim_id IS OLD.claim_id)
  WHEN 'attempting' THEN NEW.attempts = OLD.attempts AND NEW.claim_id = OLD.claim_id AND (
    (NEW.state = 'accepted' OR NEW.state = 'unknown') AND NEW.settled_at IS NOT NULL
    OR (NEW.state = 'pending' OR NEW.state = 'rejected') AND NEW.over = OLD.over + 1)
  WHEN 'unknown' THEN NEW.attempts = OLD.attempts AND NEW.claim_id = OLD.claim_id AND (
    NEW.state = 'accepted' OR (NEW.state = 'rejected' OR NEW.state = 'pending') AND NEW.over = OLD.over + 1)
  WHEN 'rejected' THEN (NEW.state = 'pending' OR NEW.state = 'cancelled')
    AND NEW.attempts = OLD.attempts AND NEW.over = OLD.over AND NEW.claim_id = OLD.claim_id
  WHEN 'cancelled' THEN NEW.state = 'pending' AND OLD.why = 'list'
    AND NEW.attempts = OLD.attempts AND NEW.over = OLD.over AND NEW.claim_id IS OLD.claim_id
  ELSE 0 END IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'a message does not go that way');
END;
-- It is over only with its record in attempt.
CREATE TRIGGER standing_over BEFORE UPDATE OF over ON standing
WHEN NEW.over <> OLD.over AND NOT EXISTS (SELECT 1 FROM attempt WHERE message_id = OLD.message_id AND number = OLD.attempts) BEGIN
  SELECT RAISE(FAIL, 'an attempt that is over is recorded');
END;
CREATE TRIGGER standing_who_stands BEFORE UPDATE OF message_id, campaign_id, channel ON standing BEGIN
  SELECT RAISE(FAIL, 'a message is not rewritten');
END;
CREATE TRIGGER standing_stays BEFORE DELETE ON standing BEGIN
  SELECT RAISE(FAIL, 'what came of a message is kept');
END;
-- Somebody may be forgotten: then his address is, and nothing else changes.
CREATE TRIGGER message_who_stands BEFORE UPDATE OF id, campaign_id, channel, key, address ON message
WHEN NEW.id <> OLD.id OR NEW.campaign_id <> OLD.campaign_id OR NEW.channel <> OLD.channel OR NEW.key <> OLD.key
  OR NEW.address NOT LIKE 'forgotten:%' BEGIN
  SELECT RAISE(FAIL, 'a message is not rewritten');
END;
CREATE TRIGGER message_stays BEFORE DELETE ON message BEGIN
  SELECT RAISE(FAIL, 'messages are kept');
END;
-- To write that an attempt is over takes its message along.
CREATE TRIGGER attempt_was_open BEFORE INSERT ON attempt
WHEN (SELECT attempts = NEW.number AND claim_id = NEW.claim_id AND (state = 'attempting' OR state = 'unknown')
  FROM standing WHERE message_id = NEW.message_id) IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'only the attempt that is open or unknown can be over');
END;
CREATE TRIGGER attempt_is_over AFTER INSERT ON attempt BEGIN
  UPDATE standing SET
    state = CASE NEW.outcome WHEN 'rejected' THEN 'rejected' ELSE 'pending' END, over = over + 1, not_before = NEW.retry_at,
    code = NEW.code, detail = NEW.detail, vendor_id = NEW.vendor_id, vendor_segments = NEW.vendor_segments, settled_at = NEW.settled_at,
    seal = NULL
  WHERE message_id = NEW.message_id;
END;
CREATE TRIGGER attempt_stands BEFORE UPDATE ON attempt WHEN OLD.seal IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'an attempt is not rewritten');
END;
CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt BEGIN
  SELECT RAISE(FAIL, 'attempts are kept');
END;
CREATE TRIGGER claim_stands BEFORE UPDATE ON claim BEGIN
  SELECT RAISE(FAIL, 'a claim is not rewritten');
END;
CREATE TRIGGER claim_stays BEFORE DELETE ON claim BEGIN
  SELECT RAISE(FAIL, 'claims are kept');
END;
CREATE TRIGGER resolution_stands BEFORE UPDATE ON resolution WHEN OLD.seal IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'a resolution is not rewritten');
END;
CREATE TRIGGER resolution_stays BEFORE DELETE ON resolution BEGIN
  SELECT RAISE(FAIL, 'resolutions are kept');
END;
CREATE TRIGGER campaign_ends_once BEFORE UPDATE OF aborted_at ON campaign WHEN OLD.aborted_at IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'an aborted campaign stays aborted');
END;
CREATE TRIGGER campaign_name_stands BEFORE UPDATE OF id, name ON campaign BEGIN
  SELECT RAISE(FAIL, 'a campaign keeps its name');
END;
CREATE TRIGGER campaign_stays BEFORE DELETE ON campaign BEGIN
  SELECT RAISE(FAIL, 'campaigns are kept');
END;
CREATE TRIGGER run_ends_once BEFORE UPDATE OF ended ON run WHEN OLD.ended IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'a run ends once');
END;
-- The fence: one turn after the other, and none of a run that has ended.
CREATE TRIGGER run_takes_turns BEFORE UPDATE OF turn ON run WHEN NEW.turn <> OLD.turn + 1 OR OLD.ended IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'a run takes one turn after the other');
END;
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(FAIL, 'the audit log is not rewritten');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN
  SELECT RAISE(FAIL, 'the audit log is kept');
END;
CREATE TRIGGER signoff_stands BEFORE UPDATE OF id, campaign, item, role, name, who, at, digest, parts, checked, evidence, signature ON signoff BEGIN
  SELECT RAISE(FAIL, 'a sign-off is not rewritten');
END;
CREATE TRIGGER signoff_revoked_once BEFORE UPDATE OF revoked_at, revoked_who, revoked_what, revoked_reason ON signoff
WHEN OLD.revoked_at IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'a sign-off is revoked once');
END;
CREATE TRIGGER signoff_stays BEFORE DELETE ON signoff BEGIN
  SELECT RAISE(FAIL, 'sign-offs are kept');
END;
CREATE TRIGGER rehearsal_stands BEFORE UPDATE ON rehearsal BEGIN
  SELECT RAISE(FAIL, 'a rehearsal is not rewritten');
END;
CREATE TRIGGER rehearsal_stays BEFORE DELETE ON rehearsal BEGIN
  SELECT RAISE(FAIL, 'rehearsals are kept');
END;
CREATE TRIGGER suppression_turns BEFORE INSERT ON suppression
WHEN (NEW.reason IS NOT NULL) =
  ifnull((SELECT reason IS NOT NULL FROM suppression WHERE address = NEW.address ORDER BY id DESC LIMIT 1), 0) BEGIN
  SELECT RAISE(FAIL, 'an address is put on the list once, and taken off once');
END;
CREATE TRIGGER suppression_stands BEFORE UPDATE ON suppression
WHEN NEW.id <> OLD.id OR NEW.channel <> OLD.channel OR NEW.reason IS NOT OLD.reason OR NEW.who <> OLD.who OR NEW.at <> OLD.at
  OR NEW.address NOT LIKE 'forgotten:%' BEGIN
  SELECT RAISE(FAIL, 'a line of the suppression list is not rewritten');
END;
CREATE TRIGGER suppression_stays BEFORE DELETE ON suppression BEGIN
  SELECT RAISE(FAIL, 'lines of the suppression list are kept');
END;
CREATE TRIGGER receipt_stands BEFORE UPDATE OF id, hash, account, format, source, head, raw, grade, at ON receipt
WHEN NEW.id <> OLD.id OR NEW.hash <> OLD.hash OR NEW.account <> OLD.account OR NEW.format <> OLD.format OR NEW.source <> OLD.source
  OR NEW.grade <> OLD.grade OR NEW.at <> OLD.at OR NEW.head IS NOT NULL OR length(NEW.raw) > 0 OR OLD.fate = 'new' OR OLD.fate = 'held' BEGIN
  SELECT RAISE(FAIL, 'what arrived is not rewritten');
END;
CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt BEGIN
  SELECT RAISE(FAIL, 'what arrived is kept');
END;
