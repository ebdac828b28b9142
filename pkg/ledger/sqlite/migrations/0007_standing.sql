-- What came of a message is a record of its own, much smaller than whom it goes to and what it says. Messages that lie side by
-- side and were never tried are claimed by a range of their ids: they are attempted because their claim says so, and have
-- a record when something came of it. A message is then written once on its way.

ALTER TABLE claim ADD COLUMN campaign_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claim ADD COLUMN channel     TEXT    NOT NULL DEFAULT '';
-- The messages of the campaign and the channel between these ids that had no standing then. NULL where each has one, as attempted.
ALTER TABLE claim ADD COLUMN first_id    INTEGER;
ALTER TABLE claim ADD COLUMN last_id     INTEGER;
CREATE INDEX claim_range ON claim (campaign_id, channel, last_id) WHERE last_id IS NOT NULL;

CREATE TABLE message_new (
  id           INTEGER PRIMARY KEY,
  campaign_id  INTEGER NOT NULL,
  recipient_id INTEGER NOT NULL,
  channel      TEXT    NOT NULL CHECK (channel = 'sms' OR channel = 'email'),
  key          TEXT    NOT NULL,
  address      TEXT    NOT NULL,
  segments     INTEGER NOT NULL,
  fingerprint  INTEGER NOT NULL
);
INSERT INTO message_new SELECT id, campaign_id, recipient_id, channel, key, address, segments, fingerprint FROM message ORDER BY id;

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
  leave_at        INTEGER NOT NULL DEFAULT 0,
  not_before      INTEGER NOT NULL DEFAULT 0,
  -- How a pending message stands to its domain's rate: 0 not held, 1 not_before is its place, 2 to be looked at again then.
  paced           INTEGER NOT NULL DEFAULT 0 CHECK (paced = 0 OR paced = 1 OR paced = 2),
  why             TEXT    CHECK (why IN ('list', 'abort')), -- of cancelled: left out by a list, or by an abort
  -- At most one attempt is not over: whatever the program does.
  CHECK (attempts = over + (state = 'accepted' OR state = 'attempting' OR state = 'unknown'))
);
INSERT INTO standing
  SELECT id, campaign_id, channel, state, attempts, over, claim_id, settled_at, code, vendor_id, detail, vendor_segments, leave_at, not_before, paced, why
  FROM message WHERE state <> 'pending' OR attempts > 0 OR paced > 0 ORDER BY id;

CREATE TABLE relist_new (
  message_id   INTEGER PRIMARY KEY REFERENCES message_new (id),
  recipient_id INTEGER,
  segments     INTEGER,
  fingerprint  INTEGER
);
INSERT INTO relist_new SELECT message_id, recipient_id, segments, fingerprint FROM relist;

DROP TRIGGER attempt_was_open;
DROP TRIGGER attempt_is_over;
DROP TABLE relist;
DROP TABLE message;
ALTER TABLE message_new RENAME TO message;
ALTER TABLE relist_new RENAME TO relist;

CREATE UNIQUE INDEX message_key ON message (campaign_id, key);
-- Pending messages that have a standing: they were tried before, held, or left out for a while. All others are read in the order
-- of their ids, from where the run is: an index of them would have to be written for every message.
CREATE INDEX standing_again ON standing (campaign_id, channel, not_before) WHERE state = 'pending' AND paced = 0;
CREATE INDEX standing_paced ON standing (campaign_id, channel, not_before) WHERE state = 'pending' AND paced > 0;

-- Every message, and how it stands. One without a record is being attempted where a range reaches it.
CREATE VIEW message_standing AS
SELECT m.id, m.campaign_id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint,
  CASE WHEN s.message_id IS NOT NULL THEN s.state WHEN c.id IS NOT NULL THEN 'attempting' ELSE 'pending' END AS state,
  CASE WHEN s.message_id IS NOT NULL THEN s.attempts ELSE c.id IS NOT NULL END AS attempts,
  ifnull(s.over, 0) AS over, CASE WHEN s.message_id IS NOT NULL THEN s.claim_id ELSE c.id END AS claim_id,
  s.settled_at, s.code, s.vendor_id, s.detail, s.vendor_segments, ifnull(s.leave_at, 0) AS leave_at, ifnull(s.not_before, 0) AS not_before,
  ifnull(s.paced, 0) AS paced, s.why, s.message_id IS NOT NULL AS recorded
FROM message m
LEFT JOIN standing s ON s.message_id = m.id
LEFT JOIN claim c ON c.id = CASE WHEN s.message_id IS NULL THEN (SELECT n.id FROM claim n
  WHERE n.campaign_id = m.campaign_id AND n.channel = m.channel AND n.last_id >= m.id ORDER BY n.last_id LIMIT 1) END;

-- Ranges only go up, so that what was claimed by one is never claimed again, whatever became of the run.
CREATE TRIGGER claim_begins BEFORE INSERT ON claim
WHEN NEW.last_id IS NOT NULL AND (NEW.first_id IS NULL OR NEW.first_id > NEW.last_id OR NEW.first_id <= ifnull((SELECT max(c.last_id) FROM claim c
    WHERE c.campaign_id = NEW.campaign_id AND c.channel = NEW.channel AND c.last_id IS NOT NULL), 0)) BEGIN
  SELECT RAISE(FAIL, 'a message is claimed once');
END;
-- A message gets its standing with what came of its claim, or before it was claimed: held, cancelled, or attempted alone. This is
-- the path of every message: it looks into its claim, and into the newest only for the others.
CREATE TRIGGER standing_begins BEFORE INSERT ON standing
WHEN NEW.over = 0 AND CASE
  WHEN NEW.state = 'accepted' OR NEW.state = 'unknown' OR NEW.state = 'attempting' THEN (NEW.settled_at IS NULL) = (NEW.state = 'attempting')
    AND (SELECT CASE WHEN c.last_id IS NULL THEN NEW.state = 'attempting' AND NEW.message_id > ifnull((SELECT max(n.last_id) FROM claim n
          WHERE n.campaign_id = NEW.campaign_id AND n.channel = NEW.channel AND n.last_id IS NOT NULL), 0)
        ELSE c.first_id <= NEW.message_id AND c.last_id >= NEW.message_id END
        AND c.campaign_id = NEW.campaign_id AND c.channel = NEW.channel
      FROM claim c WHERE c.id = NEW.claim_id)
  WHEN NEW.state = 'pending' OR NEW.state = 'cancelled' THEN NEW.attempts = 0 AND NEW.message_id > ifnull((SELECT max(n.last_id) FROM claim n
    WHERE n.campaign_id = NEW.campaign_id AND n.channel = NEW.channel AND n.last_id IS NOT NULL), 0)
  END IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'a message does not begin that way');
END;
-- The one way through the states: an attempt begins on a pending message, under a newer claim; it is accepted, or unknown,
-- or over; what is accepted stays as it is, word for word.
CREATE TRIGGER standing_moves
BEFORE UPDATE OF state, attempts, over, claim_id, leave_at, code, detail, vendor_id, vendor_segments, settled_at ON standing
WHEN CASE OLD.state
  WHEN 'pending' THEN NEW.over = OLD.over AND (
    NEW.state = 'attempting' AND NEW.attempts = OLD.attempts + 1 AND NEW.claim_id > ifnull(OLD.claim_id, 0)
    OR NEW.state = 'cancelled' AND NEW.attempts = OLD.attempts AND NEW.claim_id IS OLD.claim_id)
  WHEN 'attempting' THEN NEW.attempts = OLD.attempts AND NEW.claim_id = OLD.claim_id AND NEW.leave_at = OLD.leave_at AND (
    (NEW.state = 'accepted' OR NEW.state = 'unknown') AND NEW.settled_at IS NOT NULL
    OR (NEW.state = 'pending' OR NEW.state = 'rejected') AND NEW.over = OLD.over + 1)
  WHEN 'unknown' THEN NEW.attempts = OLD.attempts AND NEW.claim_id = OLD.claim_id AND NEW.leave_at = OLD.leave_at AND (
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
CREATE TRIGGER message_who_stands BEFORE UPDATE OF id, campaign_id, channel, key, address ON message BEGIN
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
    code = NEW.code, detail = NEW.detail, vendor_id = NEW.vendor_id, vendor_segments = NEW.vendor_segments, settled_at = NEW.settled_at
  WHERE message_id = NEW.message_id;
END;
