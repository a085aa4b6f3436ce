-- When the newest trip of the last days ended: later signals are not derived yet.
select max(chegada) as ate
from viagens
where dia_operacao >= %(primeiro_dia)s
