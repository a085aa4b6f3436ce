-- Rows of a mart, of service days; model, columns and conditions are those of a brt_watch.marts.selection.Selection.
select {columns}
from {model}
where dia_operacao between %(primeiro_dia)s and %(ultimo_dia)s{conditions}
order by {order}
{limit}
