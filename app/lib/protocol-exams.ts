/** What only the pages of exams read. */
import './jitless'

export * from '../../protocol/api/exams'
