-- Spark: the polls of the lake with the columns of brt_poll, and the window of each (janela).
select * except (feed, mes, feed_url, code_version)
from polls
